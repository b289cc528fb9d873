import { HoldfastError } from './errors.js'

/** Asks a backend, tells an outage from an answer, and reports when an outage begins and ends. */
export class Availability {
  #down = false
  /** How often the backend has answered, and how often it could not. */
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

  /** Notes an answer. */
  answered (): void {
    this.answers++
    if (!this.#down) return
    this.#down = false
    this.onUp()
  }

  /** Notes a rejection of the backend. @returns what to throw in its place */
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
