import { HoldfastError } from '../errors.js'
import { within } from '../within.js'

/** Milliseconds that an exclusive action waits for the calls under way. */
const CALLS_WAIT = 10_000

/** Runs calls side by side, and holds new calls back while an exclusive action waits or runs. */
export class SharedExclusiveLock {
  #running = 0
  #closed: Promise<unknown> | undefined
  #onIdle: (() => void) | undefined

  async shared<T> (call: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed
    this.#running++
    try {
      return await call()
    } finally {
      if (--this.#running === 0) this.#onIdle?.()
    }
  }

  /**
   * Waits for the calls under way, ten seconds at most, then acts. New calls wait until the action has ended.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE when a call does not end in time; then the action did not run
   */
  async exclusive<T> (act: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed
    const acting = this.#afterCalls(act)
    this.#closed = Promise.allSettled([acting])
    try {
      return await acting
    } finally {
      this.#closed = undefined
    }
  }

  async #afterCalls<T> (act: () => Promise<T>): Promise<T> {
    const idle = new Promise<void>(resolve => { this.#onIdle = resolve })
    const ended = this.#running === 0 || await within(idle, CALLS_WAIT)
    this.#onIdle = undefined
    if (!ended) throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'A call under way does not end.')
    return await act()
  }
}
