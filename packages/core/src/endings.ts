import type { Json, JsonObject } from './json.js'
import type { Principal } from './principal.js'
import type { StoredRecord } from './record.js'
import { type SessionNotice, sessionNotice } from './session-notice.js'
import type { SessionState } from './state.js'
import type { Vault } from './vault.js'
import { within } from './within.js'

/** Why a session ended: on request, to make room for another session, unused for too long, or too old. */
export type EndReason = 'terminated' | 'evicted' | 'idle' | 'absolute'

/** A session that has ended, live or dormant, as it was stored. Times in milliseconds since the epoch. */
export interface EndedSession<Data extends object = JsonObject, Context = Json> extends SessionNotice {
  principal: Principal | null
  client: JsonObject
  context: Context
  data: Data
  createdAt: number
  usedAt: number
}

/**
 * Releases what the application holds elsewhere for a session, such as a container. It runs at most once for each
 * session, in the process that ended the session or found it expired. It does not run when that process dies just then,
 * or when the session cannot be opened any more. It may take ten seconds.
 */
export type OnEnd<Data extends object = JsonObject, Context = Json> =
  (session: EndedSession<Data, Context>, reason: EndReason) => void | Promise<void>

/** Milliseconds that the application may take for one session. */
const END_TIMEOUT = 10_000

/** Tells the application which sessions have ended. */
export class Endings {
  constructor (
    private readonly vault: Vault<SessionState>,
    private readonly onEnd: OnEnd | undefined,
    private readonly report: (error: unknown) => void
  ) {}

  /** Whether somebody is told, so that the record of an ended session is needed. */
  get wanted (): boolean { return this.onEnd !== undefined }

  /** Resolves when the application has been told, or has taken too long. Never rejects. */
  async tell (record: StoredRecord, reason: EndReason): Promise<void> {
    if (this.onEnd === undefined) return
    const state = await this.vault.decode(record).catch(() => undefined)
    if (state === undefined) return
    try {
      const { principal, client, context, data } = state
      const { createdAt, usedAt } = record
      const session = { ...sessionNotice(record), principal, client, context, data, createdAt, usedAt }
      const told = this.onEnd(session, reason)
      if (await within(Promise.resolve(told), END_TIMEOUT, true)) return
      this.report(new Error('onEnd was not done with an ended session in time'))
    } catch (error) {
      this.report(error)
    }
  }
}
