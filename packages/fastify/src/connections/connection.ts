import type { ServerHttp2Session } from 'node:http2'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.js'

/** Milliseconds that a peer has to take note of the end. */
const LINGER = 150
const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n'

/** One connection, and what is under way on it. */
export class Connection {
  readonly exchanges = new Set<Exchange>()
  session: ServerHttp2Session | undefined
  /** It was upgraded, or is a tunnel: it belongs to whoever took it. */
  taken = false

  /** @param socket the outermost: that of TLS, once the handshake is done */
  constructor (public socket: Socket) {}

  /** What is under way belongs to others. Replies of HTTP/1 go out in order, so there the first decides. */
  get busyElsewhere (): boolean {
    if (this.taken) return true
    for (const { ours } of this.exchanges) {
      if (ours === undefined) return true
      if (this.session === undefined) return false
    }
    return false
  }

  /** Forgets exchanges of which only the rest of a body was outstanding. Streams of HTTP/2 say themselves when they are over. */
  prune (): void {
    if (this.session !== undefined) return
    for (const exchange of this.exchanges) if (exchange.replied && exchange.arrived) this.exchanges.delete(exchange)
  }

  /** Ends it. What was flushed still reaches the peer, who hears that there is no more. */
  end (): void {
    if (this.session === undefined) this.socket.end()
    else this.session.close()
    setTimeout(() => this.cut(), LINGER).unref()
  }

  /** Ends it at once. */
  cut (): void {
    this.session?.destroy()
    this.socket.destroy()
  }

  /** Ends what is ours on it, whatever its peer does. */
  finish (): void {
    for (const { ours, stream } of this.exchanges) if (ours !== undefined) stream?.close(constants.NGHTTP2_CANCEL)
    if (this.busyElsewhere) return
    const [first] = this.exchanges
    if (this.session === undefined && first?.pending === true) return this.cut()
    if (this.session === undefined && first?.response?.headersSent === false) this.socket.write(REFUSAL)
    this.end()
  }
}

const CONNECTION = Symbol('connection')
type Carrier = object & { [CONNECTION]?: Connection }

/** Notes on a socket or a session to which connection it belongs. */
export function carry (target: object, connection: Connection): void {
  (target as Carrier)[CONNECTION] = connection
}

export function connectionOf (target: object): Connection | undefined {
  return (target as Carrier)[CONNECTION]
}
