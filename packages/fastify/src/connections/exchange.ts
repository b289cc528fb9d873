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
  /** Its body may be as long as it likes, as long as it goes on. */
  untimed = false
  /** When a sweep saw it first, in milliseconds of `performance.now()`. */
  seen: number | undefined
  /** Since when its reader takes nothing of what waits for it. */
  stalled: number | undefined
  watched = false
  refused = false
  cut = false

  constructor (readonly connection: Connection, readonly stream?: ServerHttp2Stream) {}

  /** Whether the whole body has arrived; where nobody serves a request, nobody waits for one. */
  get arrived (): boolean {
    const { request, stream } = this
    return request === undefined || request.complete || (stream !== undefined && (stream.endAfterHeaders || stream.readableEnded))
  }

  get replied (): boolean { return this.response?.writableFinished ?? false }

  /** One of ours that is not done. A stream is only done when it has closed: its end is written long before it has gone out. */
  get underWay (): boolean { return this.ours !== undefined && (this.stream !== undefined || !this.replied) }

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

const EXCHANGE = Symbol('exchange')
type Marked = object & { [EXCHANGE]?: Exchange }

/** Notes on a request, or a stream, to which exchange it belongs. A map would cost each request more. */
export function mark (target: object, exchange: Exchange): void {
  (target as Marked)[EXCHANGE] = exchange
}

export function exchangeOf (target: object): Exchange | undefined {
  return (target as Marked)[EXCHANGE]
}
