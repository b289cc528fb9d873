import type { DataChange, Json, JsonObject, Principal, RecordKey } from '@holdfast/core'

/**
 * A session as the server factory and its handlers see it. `Data` is the type of what the application keeps in it,
 * `Context` the type of what it resolved when the session began. A printed session shows neither its id nor its
 * context.
 */
export interface McpSession<Data extends object = JsonObject, Context = Json> {
  /** The credential of the session. Never log it. */
  readonly id: string
  /**
   * The name of the session for everything outside it: events, lists, `onEnd`, and what you keep for it elsewhere.
   * Nobody can turn it back into the id.
   */
  readonly key: RecordKey
  /** The owner of the session; null when it has none. Read-only. */
  readonly principal: Principal | null
  /** What the option `context` resolved when the session began, or renewed since. Read-only. */
  readonly context: Context
  /** What the application keeps, as this process last saw it. Read-only: see {@link update}. */
  readonly data: Readonly<Data>
  /** The MCP revision that client and server agreed on. Before they agree, the revision that the client asked for. */
  readonly protocolVersion: string
  /** True when this server object continues a session that was dormant or lived on another replica. */
  readonly activated: boolean
  /** The random id of this process. */
  readonly replica: string
  /**
   * Changes `data`: `change` alters its draft or returns a new object. Resolves to the new data when it is durable.
   * `update` is compare-and-set: `change` may run again, so it must be synchronous and free of side effects.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT,
   * HOLDFAST_BACKEND_UNAVAILABLE
   */
  update (change: DataChange<Data>): Promise<Readonly<Data>>
  /**
   * Gives the session another context, which is durable when it resolves. Its server objects on all replicas learn of
   * it with their next request.
   *
   * @throws HoldfastError HOLDFAST_INVALID_CONTEXT when the schema refuses it, or the session has no principal;
   * HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT, HOLDFAST_BACKEND_UNAVAILABLE
   */
  renewContext (context: Context): Promise<void>
  /** Ends the session on every replica. Calls that run in this process may still answer. */
  terminate (): Promise<void>
  /** Keeps the session live in this process until the returned function is called. */
  hold (): () => void
}
