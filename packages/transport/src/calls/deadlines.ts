import { type Ranked, Recency } from '../live/lru-list.js'

/** What {@link Deadlines} know of an item. */
export interface Waiting<T> extends Ranked<T> {
  /** Since when, by the monotonic clock. */
  since: number
}

/** What is given up when its time is over, whatever it is. */
export interface Expiring extends Waiting<Expiring> {
  expire (): void
}

/** Deadlines with one timer for all: each item may wait equally long, so the oldest is due first. */
export class Deadlines<T extends Waiting<T>> {
  readonly #waiting = new Recency<T>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param after milliseconds
   * @param failed told of what `due` throws; the others are due all the same
   */
  constructor (
    private readonly after: number,
    private readonly due: (item: T) => void,
    private readonly failed: (error: unknown) => void
  ) {}

  add (item: T): void {
    item.since = performance.now()
    this.#waiting.use(item)
    this.#timer ??= this.#look(this.after)
  }

  delete (item: T): void {
    this.#waiting.delete(item)
  }

  #look (later: number): NodeJS.Timeout {
    return setTimeout(() => {
      try {
        this.#expire()
      } finally {
        const { oldest } = this.#waiting
        this.#timer = oldest && this.#look(Math.max(1, this.#left(oldest)))
      }
    }, later).unref()
  }

  #expire (): void {
    for (let item = this.#waiting.oldest; item !== undefined && this.#left(item) < 1; item = this.#waiting.oldest) {
      this.#waiting.delete(item)
      try {
        this.due(item)
      } catch (error) {
        this.failed(error)
      }
    }
  }

  #left ({ since }: T): number {
    return since + this.after - performance.now()
  }
}
