import type { Inbound, Notification, Request } from '@holdfast/transport'
import type { RequestMeta } from './request-meta.js'

/** How a call ends: with a result, or with a JSON-RPC error. */
export type Outcome =
  { readonly result: Readonly<Record<string, unknown>> } |
  {
    readonly error: { readonly code: number, readonly message: string, readonly data?: unknown }
    /** The HTTP status, as long as the response is not a stream. Default 200. */
    readonly status?: number
    /** Seconds. Sent as `Retry-After`. */
    readonly retryAfter?: number
    /** Sent as `WWW-Authenticate`, beside a status of 401 or 403. */
    readonly authenticate?: string
  }

/** One request of a modern client, while it runs. */
export interface ModernCall {
  /** As the client sent it, with its own id. Never give this id to a server that others share. */
  readonly request: Request
  readonly meta: RequestMeta
  readonly inbound: Inbound
  /** True when the call has ended, or its client has gone. */
  readonly isOver: boolean
  /**
   * Sends a notification that belongs to the call. Ignored when the call is over, and where the client did not ask for
   * it (`progressToken`, `logLevel`).
   */
  notify (notification: Notification): void
  /**
   * Its outcome depends on the storage from now on. So for a second its response does not become a stream because of
   * the time it takes: an outage can still be answered with its HTTP status.
   */
  usesStorage (): void
  /** Ends the call. Ignored when it is over. */
  end (outcome: Outcome): void
}
