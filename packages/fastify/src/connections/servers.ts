import type { Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { keptByFastify } from '../kept-by-fastify.js'
import type { Connections } from './connections.js'

/** Watches the server of an app, and the servers that Fastify adds when `localhost` has more than one address. */
export function watchServers (app: FastifyInstance, connections: Connections): void {
  connections.watch(app.server)
  app.addHook('onListen', async () => {
    for (const server of keptByFastify<Server[]>(app, 'fastify.serverBindings', [])) connections.watch(server)
  })
}
