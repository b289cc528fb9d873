/** Lets something happen at a bounded rate. */
export class TokenBucket {
  #tokens: number
  #at: number

  /** @param perSecond what it lets through in the long run; as many at once after a quiet second */
  constructor (private readonly perSecond: number, private readonly now = () => performance.now()) {
    this.#tokens = perSecond
    this.#at = now()
  }

  /** Whether there was a token. */
  take (): boolean {
    const at = this.now()
    this.#tokens = Math.min(this.perSecond, this.#tokens + (at - this.#at) / 1000 * this.perSecond)
    this.#at = at
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
