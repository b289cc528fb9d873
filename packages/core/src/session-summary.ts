import type { Json, JsonObject } from './json.js'
import { type StoredRecord, expiresAt } from './record.js'
import { type SessionNotice, sessionNotice } from './session-notice.js'
import type { SessionState } from './state.js'
import type { Vault } from './vault.js'

/** What is known of a session without its id. Times in milliseconds since the epoch. */
export interface SessionSummary<Data extends object = JsonObject, Context = Json> extends SessionNotice {
  createdAt: number
  usedAt: number
  expiresAt: number
  version: number
  /** Absent when the stored body cannot be opened. */
  state?: SessionState<Data, Context>
}

/** Reports, as unreadable, a record that cannot be opened. */
export async function summarize (vault: Vault<SessionState>, record: StoredRecord): Promise<SessionSummary> {
  const { key, owner, createdAt, usedAt, version } = record
  const summary = { ...sessionNotice({ key, owner }), createdAt, usedAt, version, expiresAt: expiresAt(record) }
  const state = await vault.decode(record).catch(() => undefined)
  return state === undefined ? summary : { ...summary, state }
}
