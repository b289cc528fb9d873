import { RedisError, type RedisErrorCode } from './errors.js'

/** Failures in a row after which Redis counts as down. */
const FAILURES_TO_OPEN = 5
/** Milliseconds between the calls that are let through while Redis counts as down, to see whether it is back. */
const PROBE_INTERVAL = 500

/**
 * A circuit breaker. While Redis is down, calls fail at once instead of waiting for their time-out. At intervals one
 * call is let through.
 */
export class Breaker {
  #failures = 0
  #answeredAt = -Infinity
  #closedUntil = -Infinity
  #last: RedisErrorCode = 'REDIS_DISCONNECTED'

  /** @param attentive the clock by which calls time out, see {@link Deadlines}; by default the same clock as `now` */
  constructor (private readonly now: () => number, public attentive: () => number = now) {}

  get state (): 'closed' | 'open' { return this.#failures < FAILURES_TO_OPEN ? 'closed' : 'open' }

  /** @throws RedisError the last error, when no call may be made now */
  admit (): void {
    if (this.state === 'closed') return
    if (this.now() < this.#closedUntil) throw new RedisError(this.#last)
    this.#closedUntil = this.now() + PROBE_INTERVAL
  }

  answered (): void {
    this.#failures = 0
    this.#answeredAt = this.attentive()
  }

  failed (code: RedisErrorCode): void {
    this.#last = code
    if (++this.#failures === FAILURES_TO_OPEN) this.#closedUntil = this.now() + PROBE_INTERVAL
  }

  /**
   * Call it when a call that began at `since` has timed out. If Redis has answered no call since then, it counts as
   * down.
   *
   * @returns whether Redis has answered no call since then
   */
  timedOut (since: number): boolean {
    if (this.#answeredAt > since) return false
    this.#failures = FAILURES_TO_OPEN
    this.#closedUntil = this.now() + PROBE_INTERVAL
    return true
  }
}
