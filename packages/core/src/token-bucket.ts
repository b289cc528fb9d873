/** Limits how often something happens. */
export class TokenBucket {
  #tokens: number
  #at: number

  /** @param perSecond tokens per second in the long run; as many at once after a second without any */
  constructor (private readonly perSecond: number, private readonly now = () => performance.now()) {
    this.#tokens = perSecond
    this.#at = now()
  }

  /** Takes a token. False when there is none. */
  take (): boolean {
    const at = this.now()
    this.#tokens = Math.min(this.perSecond, this.#tokens + (at - this.#at) / 1000 * this.perSecond)
    this.#at = at
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
