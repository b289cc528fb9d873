import { constants } from 'node:http2'
import type { Connections } from './connections.js'
import type { Exchange } from './exchange.js'

export interface DeadlineOptions {
  /** Milliseconds that the body of a request may take to arrive. */
  bodyTimeout: number
  /** Milliseconds that a reader may take nothing of a reply that waits for it. */
  stallTimeout: number
}

/** Looks per shorter time limit, so a peer may be this much late: an eighth. */
const LOOKS = 8
const LEAST = 10
const MOST = 1_000

/** Sets a limit to how long our routes wait for a peer. One timer looks at all of them: requests in time pay nothing. */
export class Deadlines {
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly connections: Connections, private readonly options: DeadlineOptions) {
    this.#interval = Math.min(MOST, Math.max(LEAST, Math.min(options.bodyTimeout, options.stallTimeout) / LOOKS))
  }

  start (): void {
    this.#timer = setInterval(() => this.#look(performance.now()), this.#interval).unref()
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  #look (now: number): void {
    for (const connection of this.connections) {
      connection.prune()
      for (const exchange of connection.exchanges) {
        if (exchange.ours !== undefined) this.#judge(exchange, now)
        // Whoever comes later waits for the first, whose deadline it is.
        if (connection.session === undefined) break
      }
    }
  }

  #judge (exchange: Exchange, now: number): void {
    const { bodyTimeout, stallTimeout } = this.options
    exchange.seen ??= now
    if (!exchange.arrived && (exchange.replied || !exchange.untimed) && now - exchange.seen >= bodyTimeout) refuse(exchange)
    else if (!exchange.pending || exchange.streams) exchange.stalled = undefined
    else if (exchange.stalled === undefined) watch(exchange, now)
    else if (now - exchange.stalled >= stallTimeout) cut(exchange)
  }
}

/** A request that was answered already, or that cannot be, ends with its connection. */
function refuse (exchange: Exchange): void {
  const { request, response } = exchange
  if (exchange.refused || response?.headersSent === true || request === undefined || request.listenerCount('error') === 0) cut(exchange)
  else {
    exchange.refused = true
    // Whoever reads the body hears it as if the body had broken off, and answers.
    request.emit('error', Object.assign(new Error('the body of the request took too long'), { statusCode: 408 }))
  }
}

function watch (exchange: Exchange, now: number): void {
  exchange.stalled = now
  if (exchange.watched) return
  exchange.watched = true
  exchange.response?.on('drain', () => { exchange.stalled = undefined })
}

function cut (exchange: Exchange): void {
  const { connection, stream, ours } = exchange
  ours?.warn('holdfast: a client that took too long to send or to read was cut')
  // A connection over which not even the end of a stream gets out has stalled as a whole.
  if (stream === undefined || (exchange.cut && !connection.busyElsewhere)) connection.cut()
  else stream.close(constants.NGHTTP2_CANCEL)
  exchange.cut = true
}
