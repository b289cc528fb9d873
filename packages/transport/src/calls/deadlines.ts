import { type LruItem, LruList } from '../live/lru-list.js'

/** An item of {@link Deadlines}. */
export interface Waiting<T> extends LruItem<T> {
  /** Since when the item waits, by the monotonic clock. */
  since: number
}

/** An item that gives up when its time is over. */
export interface Expiring extends Waiting<Expiring> {
  expire (): void
}

/** Deadlines with one timer for all items. All items wait equally long, so the oldest one is due first. */
export class Deadlines<T extends Waiting<T>> {
  readonly #waiting = new LruList<T>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param after milliseconds until an item is due
   * @param due called with each due item
   * @param failed called with an error of `due`, which does not affect other items
   */
  constructor (
    private readonly after: number,
    private readonly due: (item: T) => void,
    private readonly failed: (error: unknown) => void
  ) {}

  add (item: T): void {
    item.since = performance.now()
    this.#waiting.use(item)
    this.#timer ??= this.#expireIn(this.after)
  }

  delete (item: T): void {
    this.#waiting.delete(item)
  }

  #expireIn (ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      try {
        this.#expire()
      } finally {
        const { oldest } = this.#waiting
        this.#timer = oldest && this.#expireIn(Math.max(1, this.#left(oldest)))
      }
    }, ms).unref()
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
