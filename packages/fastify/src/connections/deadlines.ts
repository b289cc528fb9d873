import { constants } from 'node:http2'
import type { Connections } from './connections.js'
import type { Exchange } from './exchange.js'

export interface DeadlineOptions {
  /** Milliseconds that the body of a request may take to arrive. */
  bodyTimeout: number
  /** Milliseconds that a reader may take nothing of a reply that waits for it. */
  stallTimeout: number
}

/** Checks within the shorter of the time limits, so a deadline is noticed late by at most an eighth. */
const CHECKS = 8
/** Milliseconds between two checks, at least and at most. */
const MIN_INTERVAL = 10
const MAX_INTERVAL = 1_000

/** Limits how long our routes wait for a peer. One timer checks all requests, so requests in time cost nothing. */
export class Deadlines {
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly connections: Connections, private readonly options: DeadlineOptions) {
    const shorter = Math.min(options.bodyTimeout, options.stallTimeout)
    this.#interval = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, shorter / CHECKS))
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
        // Later requests on the connection wait for the first, so only the first has a deadline.
        if (connection.session === undefined) break
      }
    }
  }

  #judge (exchange: Exchange, now: number): void {
    const { bodyTimeout, stallTimeout } = this.options
    exchange.seen ??= now
    const awaitsBody = !exchange.arrived && (exchange.replied || !exchange.untimed)
    if (awaitsBody && now - exchange.seen >= bodyTimeout) refuse(exchange)
    else if (!exchange.pending || exchange.streams) exchange.stalled = undefined
    else if (exchange.stalled === undefined) watch(exchange, now)
    else if (now - exchange.stalled >= stallTimeout) cut(exchange)
  }
}

/** A request that has an answer already, or cannot get one, ends with its connection. */
function refuse (exchange: Exchange): void {
  const { request, response } = exchange
  const answered = exchange.refused || response?.headersSent === true
  if (answered || request === undefined || request.listenerCount('error') === 0) cut(exchange)
  else {
    exchange.refused = true
    // The reader of the body gets the error as if the body had broken off, and answers.
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
  ours?.warn('holdfast: a request was cut because its client took too long to send or to read')
  // A connection has stalled as a whole when not even the end of a stream goes out.
  if (stream === undefined || (exchange.cut && !connection.busyElsewhere)) connection.cut()
  else stream.close(constants.NGHTTP2_CANCEL)
  exchange.cut = true
}
