import type { ModernCall } from './modern-call.js'

/** Why a call is cancelled: the client went away, it took longer than `callTimeout`, or this process ends. */
export type CancelReason = 'gone' | 'timeout' | 'closing'

/** What answers modern requests: a shared server of SDK v2, or the bridge to servers that were made for sessions. */
export interface ModernServer {
  /**
   * Resolves when the server can serve.
   *
   * @throws HoldfastError HOLDFAST_FACTORY_FAILED when it cannot serve revision 2026-07-28
   */
  start (): Promise<void>
  /**
   * Runs a request, and ends the call once, now or later. What it throws ends the call, too: a HoldfastError as
   * `failureReply` shows it, anything else as an internal error that is reported.
   */
  serve (call: ModernCall): void | Promise<void>
  /** Stops what runs for a call that is over. Unknown calls are ignored. */
  cancel (call: ModernCall, reason: CancelReason): void
  /**
   * The input schema of a tool, for the check of `Mcp-Param-*`. Undefined for an unknown tool. A promise when the
   * server has to be made first. Should be the same object each time, so that it is read once. Must be cheap: it is
   * asked in each `tools/call`, before `serve`.
   */
  inputSchema (call: ModernCall, tool: string): unknown
  /** Lets go of all server objects. The calls are over by now. Resolves in time. */
  close (): Promise<void>
}
