/** Milliseconds for which it is remembered that calls came from more than one owner. */
const MEMORY = 600_000

/**
 * Admits calls: at most `size` at a time, and at most half of them from one owner, as long as calls of the last ten
 * minutes came from more than one. Calls of nobody have no owner: together, they may take every place.
 */
export class Admission {
  readonly #running = new Map<string, number>()
  readonly #half: number
  #all = 0
  #lastOwner: string | undefined
  /** By the monotonic clock. */
  #differedAt = -Infinity

  constructor (private readonly size: number) {
    this.#half = Math.ceil(size / 2)
  }

  /** Whether a call may run. If so, it must leave. */
  enter (owner: string): boolean {
    if (owner !== this.#lastOwner) this.#differ(owner)
    if (this.#all >= this.size) return false
    if (owner !== '') {
      const running = this.#running.get(owner) ?? 0
      if (running >= this.#half && performance.now() - this.#differedAt < MEMORY) return false
      this.#running.set(owner, running + 1)
    }
    this.#all++
    return true
  }

  leave (owner: string): void {
    this.#all--
    if (owner === '') return
    const running = this.#running.get(owner) as number - 1
    if (running === 0) this.#running.delete(owner)
    else this.#running.set(owner, running)
  }

  #differ (owner: string): void {
    if (this.#lastOwner !== undefined) this.#differedAt = performance.now()
    this.#lastOwner = owner
  }
}
