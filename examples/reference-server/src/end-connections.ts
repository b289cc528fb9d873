import type { FastifyInstance } from 'fastify'

/** Milliseconds that peers have to take the last of their replies. */
const LINGER = 200

/**
 * Ends the connections that are left when the plugin has drained. The plugin leaves requests for other routes alone.
 * This server has no other routes, so these requests match no route. A request whose body never comes would never end:
 * once it closes, Node's server stops its own time-outs. Call this function after the plugin is registered.
 */
export function endConnections (app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    setTimeout(() => { app.server.closeAllConnections() }, LINGER).unref()
  })
}
