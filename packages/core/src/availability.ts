import { HoldfastError } from './errors.js'

/** Asks a backend, tells an outage from an answer, and reports when an outage begins and ends. */
export class Availability {
  #down = false

  constructor (
    private readonly onDown: (error: unknown) => void,
    private readonly onUp: () => void
  ) {}

  get down (): boolean { return this.#down }

  /** @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, with the backend's own error as its cause */
  async ask<T> (call: () => Promise<T>): Promise<T> {
    let answer
    try {
      answer = await call()
    } catch (error) {
      if (error instanceof HoldfastError && error.code !== 'HOLDFAST_BACKEND_UNAVAILABLE') throw error
      if (!this.#down) {
        this.#down = true
        this.onDown(error)
      }
      throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', undefined, { cause: error })
    }
    if (this.#down) {
      this.#down = false
      this.onUp()
    }
    return answer
  }
}
