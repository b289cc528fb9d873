import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'

/** Milliseconds that a peer has to notice the end. */
const LINGER = 150
const REFUSAL = 'HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n'

/** Checks, {@link LOOK} milliseconds apart, after which a connection without new bytes counts as stalled: 0.7 s. */
const STILL = 7
/** Milliseconds between two checks of a connection. */
export const LOOK = 100

/** What a connection needs of a request and its reply. */
interface OnConnection {
  /** Set when the request is for one of our routes. */
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
  /** A handler of the application, or of another plugin, works on it. */
  readonly isElsewhere: boolean
}

/** One connection, and the exchanges on it. */
export class Connection<Exchange extends OnConnection> {
  readonly exchanges = new Set<Exchange>()
  session: ServerHttp2Session | undefined
  /** It was upgraded, or is a tunnel: it belongs to the listener that took it over. */
  taken = false
  #received = 0
  #looks = 0
  #ended = false

  /** @param socket the outermost: that of TLS, once the handshake is done */
  constructor (public socket: Socket) {}

  /** The last checks found no new bytes. */
  get isStill (): boolean { return this.#looks > STILL }

  /** Checks whether bytes have arrived. It counts checks, not time: while the process is busy, nothing is read. */
  look (): void {
    const { bytesRead } = this.socket
    this.#looks = bytesRead === this.#received ? this.#looks + 1 : 1
    this.#received = bytesRead
  }

  /** Other handlers work on it. Replies of HTTP/1 go out in order, so there the first exchange decides. */
  get busyElsewhere (): boolean {
    if (this.taken) return true
    for (const { isElsewhere } of this.exchanges) {
      if (isElsewhere) return true
      if (this.session === undefined) return false
    }
    return false
  }

  /**
   * Forgets exchanges whose reply is done and whose body has arrived since. Streams of HTTP/2 report their own end.
   */
  prune (): void {
    if (this.session !== undefined) return
    for (const exchange of this.exchanges) if (exchange.replied && exchange.arrived) this.exchanges.delete(exchange)
  }

  /** Ends it at once. */
  cut (): void {
    this.session?.destroy()
    this.socket.destroy()
  }

  /** Ends our exchanges on it, and no others. */
  release (): void {
    const [first] = this.exchanges
    for (const { ours, stream } of this.exchanges) if (ours !== undefined) stream?.close(constants.NGHTTP2_CANCEL)
    if (this.session === undefined && first?.ours !== undefined) this.#conclude(first)
  }

  /** Ends it without waiting for its peer. If other handlers work on it, it stays, and only other exchanges end. */
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
    // The flushed bytes still reach the peer, and then the end of the connection.
    setTimeout(() => this.cut(), LINGER).unref()
  }
}
