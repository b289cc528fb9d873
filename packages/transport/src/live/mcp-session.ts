import type { DataChange, Json, JsonObject, Principal } from '@holdfast/core'

/** A session as the server factory and its handlers see it. Neither its id nor its context is printed. */
export interface McpSession {
  /** The credential of the session. Never log it. */
  readonly id: string
  /** Whose session it is; null for nobody's. Read-only. */
  readonly principal: Principal | null
  /** What the plugin's `context` resolved when the session began. Read-only. */
  readonly context: Json
  /** What the application keeps, as last seen here. Read-only: see {@link update}. */
  readonly data: JsonObject
  /** The MCP revision that client and server agreed on; until they have, the one that the client asked for. */
  readonly protocolVersion: string
  /** This server object continues a session that was dormant, or lived on another replica. */
  readonly activated: boolean
  /** The random id of this process. */
  readonly replica: string
  /**
   * Changes `data`: `change` alters its draft or returns a new object. Resolves to the new data once it is durable. It
   * is compare-and-set, so `change` may run again and must be synchronous and free of side effects.
   *
   * @throws HoldfastError HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT,
   * HOLDFAST_BACKEND_UNAVAILABLE
   */
  update (change: DataChange): Promise<JsonObject>
  /** Ends the session on every replica. Calls that run here may still answer. */
  terminate (): Promise<void>
  /** Keeps the session live in this process until the returned function is called. */
  hold (): () => void
}
