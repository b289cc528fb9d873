/** Milliseconds between two looks. */
const TICK = 25

/** The sum of the delays of this process's timers: a busy machine adds it to every wait. */
export class Lateness {
  #looked = performance.now()
  #late = 0
  readonly #timer = setInterval(() => {
    const now = performance.now()
    this.#late += Math.max(0, now - this.#looked - TICK)
    this.#looked = now
  }, TICK)

  /** Milliseconds until now. */
  get late (): number {
    return this.#late + Math.max(0, performance.now() - this.#looked - TICK)
  }

  stop (): void {
    clearInterval(this.#timer)
  }
}
