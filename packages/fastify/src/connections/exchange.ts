import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { FastifyBaseLogger } from 'fastify'
import type { Connection } from './connection.js'

/** One request and its reply. Over HTTP/2 a stream, which may have neither where nobody serves it as a request. */
export class Exchange {
  request: IncomingMessage | Http2ServerRequest | undefined
  response: ServerResponse | Http2ServerResponse | undefined
  /** Its request is for one of our routes, and logs here; undefined while it is somebody else's. */
  ours: FastifyBaseLogger | undefined
  /** Somebody took it over as a tunnel. */
  taken = false
  /** No route matched it. */
  unrouted = false
  /** Its body may be as long as it likes, as long as it goes on. */
  untimed = false
  /** When a sweep saw it first, in milliseconds of `performance.now()`. */
  seen: number | undefined
  /** Since when its reader takes nothing of what waits for it. */
  stalled: number | undefined
  watched = false
  refused = false
  cut = false

  constructor (readonly connection: Connection<Exchange>, readonly stream?: ServerHttp2Stream) {}

  /** Whether the whole body has arrived; where nobody serves a request, nobody waits for one. */
  get arrived (): boolean {
    const { request, stream } = this
    return request === undefined || request.complete || (stream !== undefined && (stream.endAfterHeaders || stream.readableEnded))
  }

  get replied (): boolean { return this.response?.writableFinished ?? false }

  /** Its reply is written to the end; it may still have to go out. */
  get ended (): boolean { return this.response?.writableEnded ?? false }

  /**
   * One of ours, or the rest of a reply of others, that is not done. A stream is only done when it has closed: its end is written long
   * before it has gone out.
   */
  get underWay (): boolean { return (this.ours !== undefined || this.ended) && (this.stream !== undefined || !this.replied) }

  /** Others work on it, or may begin to once its body is here; nobody does where the body stands still. */
  get isElsewhere (): boolean {
    if (this.ours !== undefined || this.unrouted || this.ended) return false
    if (this.taken) return true
    return this.request !== undefined && !(this.connection.isStill && this.#awaitsBody)
  }

  /** Nothing of its body is here that a handler would not have read yet. */
  get #awaitsBody (): boolean {
    return !this.arrived && this.request?.readableLength === 0 && (this.stream?.readableLength ?? 0) === 0
  }

  /** An open event stream: the transport knows what waits there, and cuts it so that it can be resumed. */
  get streams (): boolean {
    const { response } = this
    return response?.writableEnded === false && String(response.getHeader('content-type')).startsWith('text/event-stream')
  }

  /** Part of the reply waits for its reader. */
  get pending (): boolean {
    const { response } = this
    return response !== undefined && response.headersSent && !response.writableFinished && (response.writableEnded || response.writableLength > 0)
  }
}
