import { type Principal, type Session, type Sessions, keyLabel, ownerDigest, samePrincipal } from '@holdfast/core'

/** Milliseconds after which mismatches are reported. */
const REPORT_DELAY = 1_000

/** Mismatches that wait to be reported. Further ones are not noted. */
const MAX_WAITING = 1_000

/** A request that found no session. */
interface Miss { id: string, by: Principal | null }

/**
 * Reports requests for a session of another principal that is live here. The duration of a request must not reveal that
 * the session exists. So a miss is examined only after the answers of this turn are written, and is reported later,
 * together with others.
 */
export class OwnerMismatches {
  #misses: Miss[] = []
  #waiting: Array<{ session: Session, by: Principal | null }> = []

  /** @param live finds the session of an id, if it is live here */
  constructor (private readonly sessions: Sessions, private readonly live: (id: string) => Session | undefined) {}

  /** Notes that a principal found no session with an id. */
  note (id: string, by: Principal | null): void {
    if (this.#misses.push({ id, by }) === 1) setImmediate(() => this.#sort())
  }

  /** Reports the noted mismatches at once. */
  report (): void {
    this.#sort()
    const waiting = this.#waiting
    this.#waiting = []
    for (const { session: { key, owner }, by } of waiting) {
      this.sessions.emit('ownerMismatch', {
        label: keyLabel(key), key, owner, by: ownerDigest(this.sessions.vault.namespace, by)
      })
    }
  }

  #sort (): void {
    const misses = this.#misses
    this.#misses = []
    for (const { id, by } of misses) {
      const session = this.live(id)
      if (session === undefined || samePrincipal(session.principal, by) || this.#waiting.length === MAX_WAITING) {
        continue
      }
      if (this.#waiting.push({ session, by }) === 1) setTimeout(() => this.report(), REPORT_DELAY).unref()
    }
  }
}
