import { Recency, type Ranked } from './recency.js'

/** What an {@link Overdue} knows of an item. */
export interface Waiting<T> extends Ranked<T> {
  /** Since when, by the monotonic clock. */
  since: number
}

/** What is given up when its time is over, whatever it is. */
export interface Expiring extends Waiting<Expiring> {
  expire (): void
}

/** Notices what waits too long, with one timer for all: each waits equally long, so the oldest is due first. */
export class Overdue<T extends Waiting<T>> {
  readonly #waiting = new Recency<T>()
  #timer: NodeJS.Timeout | undefined

  /** @param after milliseconds */
  constructor (private readonly after: number, private readonly due: (item: T) => void) {}

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
      this.#timer = undefined
      for (let item = this.#waiting.oldest; item !== undefined; item = this.#waiting.oldest) {
        const left = item.since + this.after - performance.now()
        if (left >= 1) {
          this.#timer = this.#look(left)
          return
        }
        this.#waiting.delete(item)
        this.due(item)
      }
    }, later).unref()
  }
}
