import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { Readiness } from './readiness.js'

/** Milliseconds that a client's connection may be idle. Longer than clients keep one, or it ends just in use. */
const KEEP_ALIVE = 75_000

/** A balancer without stickiness: each request goes to the next replica of those that say they are ready. */
export class Proxy {
  readonly #server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE }, (incoming, outgoing) => {
    this.#forward(incoming, outgoing)
  })

  #turn = 0

  private constructor (
    /** What the replicas say of themselves. */
    readonly readiness: Readiness
  ) {}

  /** Listens on a free port of 127.0.0.1. */
  static async before (replicas: readonly URL[]): Promise<Proxy> {
    const proxy = new Proxy(new Readiness(replicas))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** The endpoint, as clients see it. */
  get url (): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`)
  }

  /** Cuts every connection, as networks do. */
  cut (): void {
    this.#server.closeAllConnections()
  }

  close (): void {
    this.readiness.stop()
    this.#server.close()
    this.cut()
  }

  #forward (incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { ready } = this.readiness
    const replica = ready[this.#turn++ % ready.length]
    if (replica === undefined) {
      outgoing.writeHead(503, { 'retry-after': '1' }).end()
      return
    }
    const { connection, ...headers } = incoming.headers
    // A connection of its own for each: one that is kept could end just when the next request is on its way.
    const forwarded = request(new URL(incoming.url ?? '/', replica), { agent: false, method: incoming.method, headers })
    outgoing.once('close', () => forwarded.destroy())
    forwarded
      .once('socket', socket => socket.once('connect', () => incoming.pipe(forwarded)))
      .once('response', response => {
        const { connection, ...headers } = response.headers
        outgoing.writeHead(response.statusCode ?? 502, headers)
        outgoing.flushHeaders()
        // Either side's end is the other's; what was cut here is resumed by a request of its own.
        pipeline(response, outgoing, () => {})
      })
      .once('error', (error: NodeJS.ErrnoException) => {
        // Nothing of the request was sent, so another one may have it.
        if (error.code === 'ECONNREFUSED' && !outgoing.destroyed) {
          this.readiness.refused(replica)
          this.#forward(incoming, outgoing)
        } else if (outgoing.headersSent) outgoing.destroy()
        else outgoing.writeHead(502).end()
      })
  }
}
