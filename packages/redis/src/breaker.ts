import { RedisError, type RedisErrorCode } from './errors.js'

/** Failures in a row after which Redis counts as down. */
const TOLERATED = 5
/** Milliseconds between the calls that are let through to see whether it is back. */
const PROBE = 500

/**
 * While Redis is down, calls fail at once instead of each waiting for its time-out; now and then one is let through.
 */
export class Breaker {
  #failures = 0
  #answeredAt = -Infinity
  #closedUntil = -Infinity
  #last: RedisErrorCode = 'REDIS_DISCONNECTED'

  /** @param attentive the time in which calls wait, see {@link Deadlines}; by default the same clock */
  constructor (private readonly now: () => number, public attentive: () => number = now) {}

  get state (): 'closed' | 'open' { return this.#failures < TOLERATED ? 'closed' : 'open' }

  /** @throws RedisError, the last that there was, unless a call may be made */
  admit (): void {
    if (this.state === 'closed') return
    if (this.now() < this.#closedUntil) throw new RedisError(this.#last)
    this.#closedUntil = this.now() + PROBE
  }

  answered (): void {
    this.#failures = 0
    this.#answeredAt = this.attentive()
  }

  failed (code: RedisErrorCode): void {
    this.#last = code
    if (++this.#failures === TOLERATED) this.#closedUntil = this.now() + PROBE
  }

  /** A call has waited in vain since then. When nothing at all was answered meanwhile, Redis counts as down. */
  silent (since: number): boolean {
    if (this.#answeredAt > since) return false
    this.#failures = TOLERATED
    this.#closedUntil = this.now() + PROBE
    return true
  }
}
