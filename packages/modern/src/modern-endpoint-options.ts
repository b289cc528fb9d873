import type { Sessions } from '@holdfast/core'
import type { Inbound, ResponseMode } from '@holdfast/transport'
import type { CallEnd } from './exchange.js'
import type { CacheOptions } from './lists/cache-hints.js'
import type { ServerInfo } from './lists/complete-result.js'
import type { ModernServer } from './modern-server.js'
import type { StreamSettings } from './response-stream.js'

/**
 * A client got a state, or a call with one ran; or it was refused: as one that is not valid here, for any reason, or
 * because it was used before.
 */
export type StateOutcome = 'issued' | 'accepted' | 'invalid' | 'used'

/** What a `ModernEndpoint` works with. Times are milliseconds. The README lists the defaults of the plugin. */
export interface ModernEndpointOptions extends StreamSettings {
  /** What answers the requests. */
  server: ModernServer
  /** Gets the errors of the endpoint. */
  sessions: Pick<Sessions, 'report'>
  /** Whether the sessions of earlier revisions are served on the same route. */
  legacy: boolean
  /** `auto`: JSON, unless a call says something or takes long. `json`: never a stream. `sse`: always a stream. */
  responseMode: ResponseMode
  /** After this time, a call without an answer becomes a stream. */
  streamAfter: number
  /** A call that takes longer is cancelled in the server, and answered with an error. */
  callTimeout: number
  /** Calls that run in this process at the same time; one owner has half of them, as long as owners differ. */
  maxCalls: number
  /** Caching hints for results whose server gives none. Default: nothing may be kept. */
  cache?: CacheOptions
  /** The name of the server, for results that do not say it. */
  serverInfo?: ServerInfo
  /** Names the server object that serves a request, where lists differ between several. Default: one for all. */
  serverKey?: (inbound: Inbound) => string
  /**
   * Told of each request when it is over.
   *
   * @param method one that MCP defines, or `other`
   * @param seconds since the request arrived
   */
  onCall?: (method: string, how: CallEnd, seconds: number) => void
  /** Told what becomes of the states that clients hold between two calls. */
  onState?: (outcome: StateOutcome, inbound: Inbound) => void
}
