import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Lets `app.close()` end connections on which nothing was ever asked. Node takes them for busy ones and waits for them for
 * a minute and more; clients open them ahead of need, the SDK's own (through fetch) whenever it gives up a stream.
 */
export function closeUnusedConnections (app: FastifyInstance): void {
  const unused = new Set<Socket>()
  let closing = false

  app.server.on('connection', (socket: Socket) => {
    if (closing) { socket.destroy(); return }
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  app.server.on('request', ({ socket }) => unused.delete(socket))
  app.addHook('preClose', async () => {
    closing = true
    for (const socket of unused) socket.destroy()
  })
}
