interface Pending {
  at: number
  expire: () => void
}

/** Bounds how long promises may take, all equally long and so with a single timer. */
export class Deadlines {
  readonly #pending = new Set<Pending>()
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly ms: number, private readonly makeError: () => Error) {}

  /** What comes of the promise, or a rejection when that takes too long. */
  async limit<T> (promise: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const pending = { at: performance.now() + this.ms, expire: () => { reject(this.makeError()) } }
      this.#pending.add(pending)
      this.#timer ??= setTimeout(this.#expire, this.ms).unref()
      promise.then(resolve, reject).finally(() => this.#pending.delete(pending))
    })
  }

  /** Where the process was busy for long, answers may have come that it has not read: these go first. */
  readonly #expire = (): void => { setImmediate(this.#giveUp) }

  readonly #giveUp = (): void => {
    this.#timer = undefined
    for (const pending of this.#pending) {
      const left = pending.at - performance.now()
      if (left > 0) {
        this.#timer = setTimeout(this.#expire, left).unref()
        return
      }
      this.#pending.delete(pending)
      pending.expire()
    }
  }
}
