import type { CancelReason } from '../modern-server.js'
import type { ServedCall } from './served-call.js'

/** A way through which calls of one key reach the application's code. */
export interface Leg {
  /** It takes no more calls. */
  readonly isClosed: boolean
  /** Runs a call. An error that it throws ends the call. */
  run (served: ServedCall): void | Promise<void>
  /** Stops a call that is over. */
  cancel (served: ServedCall, reason: CancelReason): void
  /** The input schema of a tool; undefined for an unknown one. */
  inputSchema (tool: string): unknown
  close (): Promise<void>
}
