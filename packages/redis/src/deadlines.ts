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
  limit<T> (promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending = { since: performance.now(), expire: () => { reject(this.makeError()) } }
      this.#pending.add(pending)
      this.#timer ??= setTimeout(this.#look, this.ms).unref()
      promise.then((value) => {
        this.#pending.delete(pending)
        resolve(value)
      }, (error) => {
        this.#pending.delete(pending)
        reject(error)
      })
    })
  }

  /** Where this process was busy, it has neither sent nor read anything: as long again may pass. */
  readonly #look = (): void => {
    const [first] = this.#pending
    const late = first === undefined ? 0 : performance.now() - first.since - this.ms
    this.#timer = first && setTimeout(late < 0 ? this.#look : this.#giveUp, Math.min(Math.abs(late), this.ms)).unref()
  }

  /** After the sockets were read. */
  readonly #giveUp = (): void => { setImmediate(this.#expire) }

  readonly #expire = (): void => {
    const now = performance.now()
    let silent = false
    for (const pending of this.#pending) {
      if (silent || now - pending.since >= this.ms) {
        silent ||= this.silent(pending.since)
        this.#pending.delete(pending)
        pending.expire()
      }
    }
    this.#look()
  }
}
