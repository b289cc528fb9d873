import { HoldfastError } from '../errors.js'
import { within } from '../within.js'

/** Milliseconds that what has to happen alone waits for the calls under way. */
const PATIENCE = 10_000

/** Lets calls through, and holds new ones back while something has to happen alone. */
export class Gate {
  #running = 0
  #closed: Promise<unknown> | undefined
  #over: (() => void) | undefined

  async pass<T> (call: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed
    this.#running++
    try {
      return await call()
    } finally {
      if (--this.#running === 0) this.#over?.()
    }
  }

  /**
   * Waits for the calls under way, ten seconds at most, and lets others wait.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE when one of them does not end; nothing has happened then
   */
  async alone<T> (act: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed
    const acting = this.#last(act)
    this.#closed = Promise.allSettled([acting])
    try {
      return await acting
    } finally {
      this.#closed = undefined
    }
  }

  async #last<T> (act: () => Promise<T>): Promise<T> {
    const ended = this.#running === 0 || await within(new Promise<void>(resolve => { this.#over = resolve }), PATIENCE)
    this.#over = undefined
    if (!ended) throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'A call under way does not end.')
    return await act()
  }
}
