import type { FastifyBaseLogger } from 'fastify'
import { type SessionEvents, type SessionNotice, type Sessions, isHoldfastError, printableTexts } from '@holdfast/core'

/** What the field `audit` of a line in the log can be, and what it means. `docs/security.md` has the same table. */
export const AUDIT_EVENTS = {
  session_created: 'A client began a session. `client` is what it says of itself.',
  session_activated: 'A dormant session, or one of another replica, became live here.',
  session_restore: 'A snapshot was restored completely; the counts say what came of its sessions.',
  session_restore_failed: 'A snapshot could not be read, or only a part of it was restored.',
  session_activation_failed: 'A dormant session could not become live here. `code` says why.',
  session_export: 'A snapshot was written, or could not be.',
  session_expired: 'A session was not used for too long (`idle`), or has reached its limit (`absolute`). Said once in the fleet.',
  session_terminated: 'A session was ended: on request, or `evicted` to make room for another one of its owner.',
  max_sessions_reached: 'A cap was met: `maxSessions`, `maxPerOwner`, `maxLive` or `initializeRate`; or a reader was cut (`maxBuffered`). `success`: there was room after an eviction.',
  owner_mismatch: 'Somebody (`by`) used the id of a session that is live here and belongs to `owner`. The client got the 404 of an unknown id.',
  decrypt_failed: 'A stored session or event could not be opened: it was altered, or its key is not here. It is kept.',
  key_rotated: 'What was stored is sealed under the key `active` now; or a key was `dropped`.',
  admin_request: 'A request for an admin route was let in, or `refused`. `action` is what for; `reqId` leads to Fastify\'s own line, and so to who asked.',
  backend_down: 'The backend did not answer. Said once until it does.',
  backend_up: 'The backend answers again.'
} as const

/** A key of {@link AUDIT_EVENTS}. */
export type AuditEvent = keyof typeof AUDIT_EVENTS

/** Decides the level: `info`, `warn`, `error`. */
type Outcome = 'success' | 'refused' | 'failure'

interface Line {
  audit: AuditEvent
  outcome: Outcome
  /** What else is known. No id, no key, no content, and of what a client says only what is printable. */
  details?: object
  message: string
}

const LEVELS = { success: 'info', refused: 'warn', failure: 'error' } as const

/** What is said of each event of `Sessions`. */
const LINES: { [Name in keyof SessionEvents]?: (event: SessionEvents[Name]) => Line } = {
  created: ({ client: { name, version } }) => ({ audit: 'session_created', outcome: 'success', details: { client: printableTexts({ name, version }) }, message: 'a session began' }),
  activated: () => ({ audit: 'session_activated', outcome: 'success', message: 'a dormant session became live' }),
  activationFailed: ({ error }) => ({ audit: 'session_activation_failed', outcome: 'failure', details: { code: codeOf(error) }, message: 'a dormant session could not become live' }),
  snapshotExported: report => ({ audit: 'session_export', outcome: 'success', details: report, message: 'a snapshot was written' }),
  snapshotExportFailed: ({ error }) => ({ audit: 'session_export', outcome: 'failure', details: { err: error }, message: 'the snapshot could not be written' }),
  snapshotRestored: ({ invalid, ...counts }) => invalid.length + counts.overLimit === 0
    ? { audit: 'session_restore', outcome: 'success', details: counts, message: 'the snapshot was restored' }
    : { audit: 'session_restore_failed', outcome: 'failure', details: { ...counts, invalid: invalid.slice(0, 10), lines: invalid.length }, message: 'the snapshot was not restored completely' },
  snapshotRestoreFailed: ({ error }) => ({ audit: 'session_restore_failed', outcome: 'failure', details: { err: error }, message: 'the snapshot could not be read' }),
  expired: ({ reason, createdAt, usedAt }) => ({ audit: 'session_expired', outcome: 'success', details: { reason, createdAt, usedAt }, message: 'a session has expired' }),
  terminated: ({ reason }) => ({ audit: 'session_terminated', outcome: 'success', details: { reason }, message: 'a session was ended' }),
  limitReached: ({ limit, admitted }) => ({ audit: 'max_sessions_reached', outcome: admitted ? 'success' : 'refused', details: { limit }, message: 'a limit was reached' }),
  ownerMismatch: ({ by }) => ({ audit: 'owner_mismatch', outcome: 'refused', details: { by: by || null }, message: 'a session was asked for by somebody else' }),
  unreadable: ({ kind, error }) => ({ audit: 'decrypt_failed', outcome: 'failure', details: { kind, err: error }, message: kind === 'session' ? 'a stored session cannot be opened' : 'a stored event cannot be opened' }),
  rotated: report => ({ audit: 'key_rotated', outcome: 'success', details: report, message: 'what was stored is sealed under the active key' }),
  keyDropped: ({ id }) => ({ audit: 'key_rotated', outcome: 'success', details: { dropped: id }, message: 'a key was dropped' }),
  backendDown: ({ error }) => ({ audit: 'backend_down', outcome: 'failure', details: { err: error }, message: 'the backend does not answer' }),
  backendUp: () => ({ audit: 'backend_up', outcome: 'success', message: 'the backend answers again' })
}

/** Writes one line for each event: when (the logger's `time`), what, where (`replica`), who (`owner`, a digest), and the outcome. */
export function audit (log: FastifyBaseLogger, sessions: Sessions): void {
  const { replica } = sessions.fleet
  const isNews = news(sessions)
  for (const name of Object.keys(LINES) as Array<keyof SessionEvents>) {
    const line = LINES[name] as (event: SessionEvents[keyof SessionEvents]) => Line
    sessions.on(name, event => {
      const { audit, outcome, details, message } = line(event)
      if (isNews(name, details)) log[LEVELS[outcome]]({ audit, replica, ...subject(event as Partial<SessionNotice>), outcome, ...details }, `holdfast: ${message}`)
    })
  }
}

/** The session by its label, and its owner by the digest; null for nobody. */
function subject (event: { label?: string, owner?: string }): object {
  return { ...(event.label !== undefined && { session: event.label }), ...(event.owner !== undefined && { owner: event.owner || null }) }
}

/** A snapshot that waits for its key is tried again every few seconds: that it still cannot be restored is said once. */
function news (sessions: Sessions): (name: keyof SessionEvents, details: Line['details']) => boolean {
  let said: string | undefined
  return (name, details) => {
    if (name !== 'snapshotRestored' && name !== 'snapshotRestoreFailed') return true
    const now = sessions.incomplete ? JSON.stringify(details) : undefined
    const isNew = now === undefined || now !== said
    said = now
    return isNew
  }
}

function codeOf (error: unknown): string {
  return isHoldfastError(error) ? error.code : 'unknown'
}
