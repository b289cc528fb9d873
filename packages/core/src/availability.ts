import { HoldfastError } from './errors.js'

/** Calls a backend, distinguishes an outage from an answer, and reports the begin and the end of an outage. */
export class Availability {
  #down = false
  /** How many calls the backend answered, and how many it did not. */
  answers = 0
  failures = 0

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
      throw this.failed(error)
    }
    this.answered()
    return answer
  }

  /** Counts an answer. */
  answered (): void {
    this.answers++
    if (!this.#down) return
    this.#down = false
    this.onUp()
  }

  /** Counts a rejection of the backend. @returns the error to throw in its place */
  failed (error: unknown): unknown {
    if (error instanceof HoldfastError && error.code !== 'HOLDFAST_BACKEND_UNAVAILABLE') return error
    this.failures++
    if (!this.#down) {
      this.#down = true
      this.onDown(error)
    }
    return new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', undefined, { cause: error })
  }
}
