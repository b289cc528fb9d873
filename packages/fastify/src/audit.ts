import type { FastifyBaseLogger } from 'fastify'
import type { ParkedEvent } from '@holdfast/modern'
import { type SessionEvents, type SessionNotice, type Sessions, isHoldfastError, printableTexts } from '@holdfast/core'

/** The values of the field `audit` of a log line, and their meanings. `docs/security.md` has the same table. */
export const AUDIT_EVENTS = {
  session_created: 'A client began a session. `client` is the name and the version that the client gave.',
  session_activated: 'A session that was dormant, or live on another replica, became live here.',
  session_restore:
    'A snapshot was restored completely, or one that another process wrote was merged (level `warn`). The counts say ' +
    'how many sessions had which result.',
  session_restore_failed: 'A snapshot could not be read, or was restored only in part.',
  session_activation_failed: 'A dormant session could not become live here. `code` gives the reason.',
  session_context_renewed:
    'A session got another context; or it could not get one, and keeps its context. `code` gives the reason.',
  session_export: 'A snapshot was written, or could not be written.',
  session_expired:
    'A session was unused for too long (`idle`), or reached its maximum age (`absolute`). One line in the whole fleet.',
  session_terminated:
    'A session was ended: on request, or `evicted` to make room for another session of the same owner.',
  max_sessions_reached:
    'A limit was reached: `maxSessions`, `maxPerOwner`, `maxLive` or `initializeRate`; or a slow reader was cut ' +
    '(`maxBuffered`). `success` means that an eviction made room.',
  owner_mismatch:
    'A request of another principal (`by`) had the id of a session that is live here and belongs to `owner`. ' +
    'The client got 404, as for an unknown id.',
  modern_refused:
    'Clients that speak a revision which is not served here were refused: `version`, or `other`. One line for each ' +
    'name (`client`) in each process; `holdfast era` counts them.',
  call_parked: 'A call of a client of revision 2026-07-28 asked its client, and waits in this process for the answer.',
  call_resumed: 'A parked call went on with an answer.',
  call_abandoned: 'A call that was parked was stopped before its end. `reason` says why.',
  request_state_rejected:
    'A client sent a state that is not valid for this principal and request (`invalid`), or was used before (`used`).',
  decrypt_failed:
    'A stored session or event could not be opened: it was altered, or this process does not have its key. It is kept.',
  key_rotated: 'The stored data is sealed under the key `active` now; or a key was `dropped`.',
  admin_request:
    'A request to an admin route was allowed, or `refused`. `action` is the requested action. `reqId` leads to the ' +
    'line that Fastify logs for the same request, and so to the client.',
  backend_down: 'The backend did not answer. One line for each outage.',
  backend_up: 'The backend answers again.'
} as const

/** A key of {@link AUDIT_EVENTS}. */
export type AuditEvent = keyof typeof AUDIT_EVENTS

/** Decides the level: `info`, `warn`, `error`. */
type Outcome = 'success' | 'refused' | 'failure'

interface Line {
  audit: AuditEvent
  outcome: Outcome
  /** Further fields. They hold no id, no key, no content, and only printable characters of a client's texts. */
  details?: object
  message: string
  /** Default: that of the outcome. */
  level?: 'warn'
}

const LEVELS = { success: 'info', refused: 'warn', failure: 'error' } as const

/** The log line of each event of `Sessions`. */
const LINES: { [Name in keyof SessionEvents]?: (event: SessionEvents[Name]) => Line } = {
  created: ({ client: { name, version } }) =>
    success('session_created', 'a session began', { client: printableTexts({ name, version }) }),
  activated: () => success('session_activated', 'a dormant session became live'),
  activationFailed: ({ error }) =>
    failure('session_activation_failed', 'a dormant session could not become live', { code: codeOf(error) }),
  contextRenewed: () => success('session_context_renewed', 'a session got another context'),
  contextRenewalFailed: ({ error }) =>
    failure('session_context_renewed', 'the context of a session could not be renewed', { code: codeOf(error) }),
  snapshotExported: report => success('session_export', 'a snapshot was written', report),
  snapshotExportFailed: ({ error }) => failure('session_export', 'the snapshot could not be written', { err: error }),
  snapshotRestored: ({ invalid, ...counts }) => invalid.length + counts.overLimit === 0
    ? success('session_restore', 'the snapshot was restored', counts)
    : failure('session_restore_failed', 'the snapshot was not restored completely', {
      ...counts, invalid: invalid.slice(0, 10), lines: invalid.length
    }),
  snapshotRestoreFailed: ({ error }) =>
    failure('session_restore_failed', 'the snapshot could not be read', { err: error }),
  snapshotMerged: ({ invalid, ...counts }) => ({
    ...success('session_restore', 'another process has written the snapshot; what was new in it was taken over', {
      ...counts, lines: invalid.length
    }),
    level: 'warn'
  }),
  expired: ({ reason, createdAt, usedAt }) =>
    success('session_expired', 'a session has expired', { reason, createdAt, usedAt }),
  terminated: ({ reason }) => success('session_terminated', 'a session was ended', { reason }),
  limitReached: ({ limit, admitted }) =>
    (admitted ? success : refused)('max_sessions_reached', 'a limit was reached', { limit }),
  ownerMismatch: ({ by }) =>
    refused('owner_mismatch', 'a request had the id of a session of another owner', { by: by || null }),
  unreadable: ({ kind, error }) => failure('decrypt_failed', `a stored ${kind} cannot be opened`, { kind, err: error }),
  rotated: report => success('key_rotated', 'the stored data is sealed under the active key', report),
  keyDropped: ({ id }) => success('key_rotated', 'a key was dropped', { dropped: id }),
  backendDown: ({ error }) => failure('backend_down', 'the backend does not answer', { err: error }),
  backendUp: () => success('backend_up', 'the backend answers again')
}

function success (audit: AuditEvent, message: string, details?: object): Line {
  return { audit, outcome: 'success', message, ...(details !== undefined && { details }) }
}

function refused (audit: AuditEvent, message: string, details: object): Line {
  return { audit, outcome: 'refused', message, details }
}

function failure (audit: AuditEvent, message: string, details: object): Line {
  return { audit, outcome: 'failure', message, details }
}

/** Writes a line of the audit: the time (from the logger), the event, the process (`replica`), whom it concerns. */
function write (
  log: FastifyBaseLogger, replica: string, line: Line, notice: { label?: string, owner?: string }
): void {
  const { audit, outcome, details, message, level = LEVELS[outcome] } = line
  log[level]({ audit, replica, ...subject(notice), outcome, ...details }, `holdfast: ${message}`)
}

/** The lines about requests that have no session. `owner` is a digest, empty for nobody. */
export class EraAudit {
  constructor (private readonly log: FastifyBaseLogger, private readonly replica: string) {}

  refused (client: unknown, version: string): void {
    this.#write(refused('modern_refused', 'clients of a revision that is not served here were refused', {
      client: printableTexts({ name: client }), version
    }))
  }

  parked ({ kind, owner, reason }: ParkedEvent): void {
    this.#write(kind === 'abandoned'
      ? failure('call_abandoned', 'a parked call was stopped before its end', { reason })
      : success(PARKED[kind], kind === 'parked' ? 'a call waits for its client' : 'a parked call goes on'), owner)
  }

  stateRejected (reason: string, owner: string): void {
    this.#write(refused('request_state_rejected', 'a client sent a state that is not valid here', { reason }), owner)
  }

  #write (line: Line, owner?: string): void {
    write(this.log, this.replica, line, owner === undefined ? {} : { owner })
  }
}

const PARKED = { parked: 'call_parked', resumed: 'call_resumed' } as const

/** Writes one line for each event of the sessions. */
export function audit (log: FastifyBaseLogger, sessions: Sessions): void {
  const { replica } = sessions.fleet
  const isNews = news(sessions)
  for (const name of Object.keys(LINES) as Array<keyof SessionEvents>) {
    const line = LINES[name] as (event: SessionEvents[keyof SessionEvents]) => Line
    sessions.on(name, event => {
      const found = line(event)
      if (isNews(name, found.details)) write(log, replica, found, event as Partial<SessionNotice>)
    })
  }
}

/** The session by its label, and its owner by the digest; null for a session without an owner. */
function subject ({ label, owner }: { label?: string, owner?: string }): object {
  return { ...(label !== undefined && { session: label }), ...(owner !== undefined && { owner: owner || null }) }
}

/**
 * Finds out whether an event is new. A snapshot whose key is missing is tried again every few seconds; the same failure
 * is logged once.
 */
function news (sessions: Sessions): (name: keyof SessionEvents, details: Line['details']) => boolean {
  let logged: string | undefined
  return (name, details) => {
    if (name !== 'snapshotRestored' && name !== 'snapshotRestoreFailed') return true
    const now = sessions.incomplete ? JSON.stringify(details) : undefined
    const isNew = now === undefined || now !== logged
    logged = now
    return isNew
  }
}

function codeOf (error: unknown): string {
  return isHoldfastError(error) ? error.code : 'unknown'
}
