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

  /** Waits for the calls under way, and lets others wait. */
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
    if (this.#running > 0) await new Promise<void>(resolve => { this.#over = resolve })
    this.#over = undefined
    return await act()
  }
}
