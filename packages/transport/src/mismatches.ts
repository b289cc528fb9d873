import { type Principal, type Session, type Sessions, keyLabel, ownerDigest } from '@holdfast/core'

/** Milliseconds after which mismatches are told. */
const LATER = 1_000

/** Mismatches that wait to be told; beyond them none is noted. */
const MAX_WAITING = 1_000

/**
 * Requests for a session of somebody else. They are told after a while and together: whoever asks must not find out by the time that
 * telling takes, not even by that of its next request.
 */
export class Mismatches {
  #waiting: Array<{ session: Session, by: Principal | null }> = []

  constructor (private readonly sessions: Sessions) {}

  note (session: Session, by: Principal | null): void {
    if (this.#waiting.length === MAX_WAITING) return
    if (this.#waiting.push({ session, by }) === 1) setTimeout(() => this.tell(), LATER).unref()
  }

  /** Tells what waits. */
  tell (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { session: { key, owner }, by } of waiting) {
      this.sessions.emit('ownerMismatch', { label: keyLabel(key), key, owner, by: ownerDigest(this.sessions.namespace, by) })
    }
  }
}
