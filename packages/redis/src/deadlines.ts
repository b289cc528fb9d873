interface Pending {
  since: number
  expire: () => void
}

/**
 * Bounds how long promises may take, all equally long and so with a single timer. Where one has waited in vain and nothing else was
 * answered meanwhile, the others do not wait any longer either.
 */
export class Deadlines {
  readonly #pending = new Set<Pending>()
  #timer: NodeJS.Timeout | undefined

  /** @param silent told of one that waited in vain, by since when; whether nothing was answered meanwhile */
  constructor (
    private readonly ms: number,
    private readonly makeError: () => Error,
    private readonly silent: (since: number) => boolean
  ) {}

  /** What comes of the promise, or a rejection when that takes too long. */
  async limit<T> (promise: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const pending = { since: performance.now(), expire: () => { reject(this.makeError()) } }
      this.#pending.add(pending)
      this.#timer ??= this.#look(this.ms)
      promise.then(resolve, reject).finally(() => this.#pending.delete(pending))
    })
  }

  /** Looks after the sockets were read: when this process was busy for long, answers may already be there. */
  #look (later: number): NodeJS.Timeout {
    return setTimeout(() => setImmediate(this.#expire), later).unref()
  }

  readonly #expire = (): void => {
    this.#timer = undefined
    let silent = false
    for (const pending of this.#pending) {
      const left = pending.since + this.ms - performance.now()
      if (left > 0 && !silent) {
        this.#timer = this.#look(left)
        return
      }
      silent ||= this.silent(pending.since)
      this.#pending.delete(pending)
      pending.expire()
    }
  }
}
