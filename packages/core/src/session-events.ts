import type { Health } from './health.js'
import type { JsonObject } from './json.js'
import type { Principal } from './principal.js'
import type { RotateReport } from './rotation.js'
import type { SessionNotice } from './session-notice.js'
import type { ExportReport } from './snapshot/export.js'
import type { RestoreReport } from './snapshot/report.js'

/** What `Sessions` emits, by name. */
export interface SessionEvents {
  created: SessionNotice & { principal: Principal | null, client: JsonObject }
  /** A dormant session became live here. Emitted by the transport. */
  activated: SessionNotice & { principal: Principal | null }
  /** A dormant session could not become live here. Emitted by the transport. */
  activationFailed: SessionNotice & { error: unknown }
  /** A session got another context. Emitted by the transport. */
  contextRenewed: SessionNotice
  /** The context of a session could not be renewed, so it stays. Emitted by the transport. */
  contextRenewalFailed: SessionNotice & { error: unknown }
  /**
   * A session that is live here was asked for by another principal, whose digest is `by`. Elsewhere the two cannot be
   * told from a session that is unknown: the owner is part of the key.
   */
  ownerMismatch: SessionNotice & { by: string }
  /** A sweep found an expired session. One replica of the fleet emits it. Times in milliseconds since the epoch. */
  expired: SessionNotice & { reason: 'idle' | 'absolute', createdAt: number, usedAt: number }
  /** This process ended a session, on request or to make room for another session. */
  terminated: SessionNotice & { reason: 'terminated' | 'evicted' }
  /**
   * A cap was met. `admitted`: another session was evicted, so this one began all the same. `maxLive` is of this
   * process. `maxBuffered`: a slow reader was cut. Holdfast never emits
   * `initializeRate`: emit it from your rate limiter.
   */
  limitReached: {
    limit: 'maxSessions' | 'maxPerOwner' | 'maxLive' | 'maxBuffered' | 'initializeRate'
    owner: string
    admitted: boolean
  }
  /**
   * A stored session, or an event in one of its streams, could not be opened. It is kept. An
   * event does not tell the owner.
   */
  unreadable: Omit<SessionNotice, 'owner'> & { owner?: string, kind: 'session' | 'event', error: unknown }
  /** A snapshot was written. */
  snapshotExported: ExportReport
  snapshotExportFailed: { error: unknown }
  /** A snapshot was restored. */
  snapshotRestored: RestoreReport
  /** Another process had written the own snapshot. What was new in it is here now, too. */
  snapshotMerged: RestoreReport
  /** A snapshot could not be read, or the backend failed meanwhile. */
  snapshotRestoreFailed: { error: unknown }
  /** Everything that could be opened is sealed under the key `active`. */
  rotated: RotateReport & { active: string }
  /** A key was forgotten in this process. */
  keyDropped: { id: string }
  /** The first failure since the backend last answered. */
  backendDown: { error: unknown }
  backendUp: Record<string, never>
  /** `Sessions.health` found another state than before, which was `was`; at first that is `healthy`. */
  health: Health & { was: Health['state'] }
  /** Something that concerns no caller: a listener that failed, a hint that could not be sent. */
  error: { error: unknown }
}
