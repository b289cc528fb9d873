import type { Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'

/**
 * Calls `taken` for each connection that a listener takes over: upgraded connections, and tunnels. Node hands them out
 * as soon as there is a listener, and answers such requests in the usual way otherwise. So this function listens only
 * while another listener does. A tunnel over HTTP/2 is a stream of its connection, known by its response.
 */
export function whenTaken (server: Server, taken: (by: Socket | Http2ServerResponse) => void): void {
  const listener = (_: unknown, by: Socket | Http2ServerResponse): void => { taken(by) }
  for (const name of ['upgrade', 'connect']) {
    const join = (): void => {
      if (!server.listeners(name).includes(listener)) server.prependListener(name, listener)
    }
    if (server.listenerCount(name) > 0) join()
    server.on('newListener', (added: string, by: unknown) => { if (added === name && by !== listener) join() })
    server.on('removeListener', (removed: string, by: unknown) => {
      if (removed === name && by !== listener && server.listenerCount(name) === 1) server.removeListener(name, listener)
    })
  }
}
