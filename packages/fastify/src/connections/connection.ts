import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'

/** Milliseconds that a peer has to take note of the end. */
const LINGER = 150
const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n'

/** Looks, of {@link LOOK} milliseconds each, after which a connection from which nothing came stands still: 0.7 s. */
const STILL = 7
export const LOOK = 100

/** What a connection needs of a request and its reply. */
interface OnConnection {
  /** Set where the request is for one of our routes. */
  readonly ours: object | undefined
  /** Over HTTP/2. */
  readonly stream?: ServerHttp2Stream | undefined
  readonly response: ServerResponse | Http2ServerResponse | undefined
  /** The whole body has arrived. */
  readonly arrived: boolean
  /** The whole reply has gone out. */
  readonly replied: boolean
  /** Part of the reply waits for its reader. */
  readonly pending: boolean
  /** Others work on it. */
  readonly isElsewhere: boolean
}

/** One connection, and what is under way on it. */
export class Connection<Exchange extends OnConnection> {
  readonly exchanges = new Set<Exchange>()
  session: ServerHttp2Session | undefined
  /** It was upgraded, or is a tunnel: it belongs to whoever took it. */
  taken = false
  #received = 0
  #looks = 0
  #ended = false

  /** @param socket the outermost: that of TLS, once the handshake is done */
  constructor (public socket: Socket) {}

  /** Nothing has come for a while, as far as anybody looked. */
  get isStill (): boolean { return this.#looks > STILL }

  /** Looks whether something has come. Looks are counted, not time: while the process is busy, nothing is read. */
  look (): void {
    const { bytesRead } = this.socket
    this.#looks = bytesRead === this.#received ? this.#looks + 1 : 1
    this.#received = bytesRead
  }

  /** What is under way belongs to others. Replies of HTTP/1 go out in order, so there the first decides. */
  get busyElsewhere (): boolean {
    if (this.taken) return true
    for (const { isElsewhere } of this.exchanges) {
      if (isElsewhere) return true
      if (this.session === undefined) return false
    }
    return false
  }

  /** Forgets exchanges of which only the rest of a body was outstanding. Streams of HTTP/2 say themselves when they are over. */
  prune (): void {
    if (this.session !== undefined) return
    for (const exchange of this.exchanges) if (exchange.replied && exchange.arrived) this.exchanges.delete(exchange)
  }

  /** Ends it at once. */
  cut (): void {
    this.session?.destroy()
    this.socket.destroy()
  }

  /** Ends what is ours on it, and nothing else. */
  release (): void {
    const [first] = this.exchanges
    for (const { ours, stream } of this.exchanges) if (ours !== undefined) stream?.close(constants.NGHTTP2_CANCEL)
    if (this.session === undefined && first?.ours !== undefined) this.#conclude(first)
  }

  /** Ends it, whatever its peer does, unless others are at work on it: then only what they are not at work on. */
  finish (): void {
    for (const { isElsewhere, stream } of this.exchanges) if (!isElsewhere) stream?.close(constants.NGHTTP2_CANCEL)
    const [first] = this.exchanges
    if (!this.busyElsewhere) this.#conclude(first)
  }

  #conclude (first: Exchange | undefined): void {
    if (this.#ended) return
    this.#ended = true
    if (this.session !== undefined) this.session.close()
    else if (first?.pending === true) return this.cut()
    else this.socket.end(first?.response?.headersSent === false ? REFUSAL : '')
    // What was flushed still reaches the peer, who hears that there is no more.
    setTimeout(() => this.cut(), LINGER).unref()
  }
}
