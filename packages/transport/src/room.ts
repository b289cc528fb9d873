import { within } from './time-limit.js'

/** Waits for one of a limited number of places. Who waits longest looks first. */
export class Room {
  readonly #waiting = new Set<() => void>()

  /**
   * @param claim takes a place if there is one
   * @param patience milliseconds that anybody waits
   */
  constructor (private readonly claim: () => boolean, private readonly patience: number) {}

  /** False when no place became free in time. */
  async take (): Promise<boolean> {
    const deadline = performance.now() + this.patience
    while (!this.claim()) {
      const left = deadline - performance.now()
      if (left <= 0) return false
      let look!: () => void
      const freed = new Promise<void>(resolve => { look = resolve })
      this.#waiting.add(look)
      await within(left, freed)
      this.#waiting.delete(look)
    }
    return true
  }

  /** A place may have become free. */
  freed (): void {
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    next()
  }
}
