import { keyLabel } from './key.js'
import type { Principal } from './principal.js'
import type { RecordKey } from './record.js'
import type { ExportReport } from './snapshot/export.js'
import type { RestoreReport } from './snapshot/report.js'

/** What an event says of a session. `label` is what a log may show; `key` and `owner` are digests. */
export interface SessionNotice {
  label: string
  key: RecordKey
  owner: string
}

/** What `Sessions` emits, by name. */
export interface SessionEvents {
  created: SessionNotice & { principal: Principal | null }
  /** A dormant session became live here. Emitted by the transport. */
  restored: SessionNotice & { principal: Principal | null }
  /** A known session was asked for by another principal. Emitted by the transport where it can tell. */
  ownerMismatch: SessionNotice
  /** A sweep found it; told once in the whole fleet. Times in milliseconds since the epoch. */
  expired: SessionNotice & { reason: 'idle' | 'absolute', createdAt: number, usedAt: number }
  /** It was ended here, on request or to make room for another one. */
  terminated: SessionNotice & { reason: 'terminated' | 'evicted' }
  /** A session could not begin at once. With `evict` it may still have. */
  limitReached: { limit: 'maxSessions' | 'maxPerOwner', owner: string }
  /** A stored session could not be opened. It is kept. */
  unreadable: SessionNotice & { error: unknown }
  /** A snapshot was written. */
  exported: ExportReport
  /** A snapshot was restored. */
  imported: RestoreReport
  /** The first failure since the backend last answered. */
  backendDown: { error: unknown }
  backendUp: Record<string, never>
  /** Something that concerns no caller: a listener that failed, a hint that could not be sent. */
  error: { error: unknown }
}

export function notice (key: RecordKey, owner: string): SessionNotice {
  return { label: keyLabel(key), key, owner }
}
