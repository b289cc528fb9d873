import { type Principal, type Session, type Sessions, keyLabel, ownerDigest, samePrincipal } from '@holdfast/core'

/** Milliseconds after which mismatches are told. */
const LATER = 1_000

/** Mismatches that wait to be told; beyond them none is noted. */
const MAX_WAITING = 1_000

/** A request that found no session. */
interface Miss { id: string, by: Principal | null }

/**
 * Requests for a session of somebody else that is live here. Whoever asks must not find out by the time that it takes:
 * whether a miss is one is looked up after the answers of this turn are written, and it is told later, together with
 * others.
 */
export class OwnerMismatches {
  #misses: Miss[] = []
  #waiting: Array<{ session: Session, by: Principal | null }> = []

  /** @param live the session of an id, if it is live here */
  constructor (private readonly sessions: Sessions, private readonly live: (id: string) => Session | undefined) {}

  /** Notes that a principal found no session of this id. */
  note (id: string, by: Principal | null): void {
    if (this.#misses.push({ id, by }) === 1) setImmediate(() => this.#sort())
  }

  /** Tells what waits. */
  tell (): void {
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
      if (this.#waiting.push({ session, by }) === 1) setTimeout(() => this.tell(), LATER).unref()
    }
  }
}
