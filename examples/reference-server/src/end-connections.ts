import type { FastifyInstance } from 'fastify'

/** Milliseconds that peers have to take the last of their replies. */
const LINGER = 200

/**
 * Ends what is still connected when the plugin has drained. The plugin leaves requests for other routes alone; this server has no other
 * routes, so they are for routes that are not there. Nobody would end one whose body never comes: once it closes, Node's server stops
 * its own time-outs. Call it after the plugin is registered.
 */
export function endConnections (app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    setTimeout(() => { app.server.closeAllConnections() }, LINGER).unref()
  })
}
