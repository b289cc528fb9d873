import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Finds the connections on which nothing was ever asked. `server.close()` takes them for busy ones and waits a minute and more,
 * while clients open them ahead of need: the SDK's own, through fetch, whenever it gives up a stream.
 *
 * @returns a function that ends them, and those that are still to come
 */
export function unusedConnections (server: Server): () => void {
  const unused = new Set<Socket>()
  let closing = false
  server.on('connection', (socket: Socket) => {
    if (closing) return socket.destroy()
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return () => {
    closing = true
    for (const socket of unused) socket.destroy()
  }
}
