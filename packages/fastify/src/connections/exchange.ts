import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { FastifyBaseLogger } from 'fastify'
import type { Connection } from './connection.js'

/** One request and its reply. A stream of HTTP/2 has neither when a listener serves it directly. */
export class Exchange {
  request: IncomingMessage | Http2ServerRequest | undefined
  response: ServerResponse | Http2ServerResponse | undefined
  /** The logger of a request for one of our routes; undefined for any other request. */
  ours: FastifyBaseLogger | undefined
  /** A listener took it over as a tunnel. */
  taken = false
  /** No route matched it. */
  unrouted = false
  /** Its body has no deadline, as long as bytes arrive. */
  untimed = false
  /** When a check saw it first, in milliseconds of `performance.now()`. */
  seen: number | undefined
  /** Since when its reader takes nothing of the waiting reply, in the same milliseconds. */
  stalled: number | undefined
  watched = false
  refused = false
  cut = false

  constructor (readonly connection: Connection<Exchange>, readonly stream?: ServerHttp2Stream) {}

  /** Whether the whole body has arrived. Without a request there is no body to wait for. */
  get arrived (): boolean {
    const { request, stream } = this
    if (request === undefined || request.complete) return true
    return stream !== undefined && (stream.endAfterHeaders || stream.readableEnded)
  }

  get replied (): boolean { return this.response?.writableFinished ?? false }

  /** Its reply is written to the end; part of it may still be in a buffer. */
  get ended (): boolean { return this.response?.writableEnded ?? false }

  /**
   * It is ours, or the rest of another handler's reply, and not done. A stream is done only when it has closed: its end
   * is written long before it has gone out.
   */
  get underWay (): boolean {
    return (this.ours !== undefined || this.ended) && (this.stream !== undefined || !this.replied)
  }

  /** Another handler works on it, or may begin to once its body is here. A body that has stalled does not count. */
  get isElsewhere (): boolean {
    if (this.ours !== undefined || this.unrouted || this.ended) return false
    if (this.taken) return true
    return this.request !== undefined && !(this.connection.isStill && this.#awaitsBody)
  }

  /** The handler has read every byte of the body that has arrived, and more must come. */
  get #awaitsBody (): boolean {
    return !this.arrived && this.request?.readableLength === 0 && (this.stream?.readableLength ?? 0) === 0
  }

  /** An open event stream. The transport knows how much waits there, and cuts it so that the client can resume it. */
  get streams (): boolean {
    const { response } = this
    if (response?.writableEnded !== false) return false
    return String(response.getHeader('content-type')).startsWith('text/event-stream')
  }

  /** Part of the reply waits for its reader. */
  get pending (): boolean {
    const { response } = this
    if (response === undefined || !response.headersSent || response.writableFinished) return false
    return response.writableEnded || response.writableLength > 0
  }
}
