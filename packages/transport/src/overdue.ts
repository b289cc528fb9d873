/** Notices what waits too long, with one timer for all: each waits equally long, so the oldest is due first. */
export class Overdue<T> {
  readonly #since = new Map<T, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param after milliseconds */
  constructor (private readonly after: number, private readonly due: (item: T) => void) {}

  add (item: T): void {
    this.#since.set(item, performance.now())
    this.#timer ??= this.#look(this.after)
  }

  delete (item: T): void {
    this.#since.delete(item)
  }

  #look (later: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined
      for (const [item, since] of this.#since) {
        const left = since + this.after - performance.now()
        if (left >= 1) {
          this.#timer = this.#look(left)
          return
        }
        this.#since.delete(item)
        this.due(item)
      }
    }, later).unref()
  }
}
