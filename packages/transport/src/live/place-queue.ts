import { within } from '@holdfast/core'

/** How many owners are looked at when something becomes free; the next time begins with the others. */
const LOOKS = 64

/** Those of one owner that wait at the same time; more are turned away. */
const MAX_WAITING = 1_000

interface Waiter {
  tryTake: () => boolean
  done: (took: boolean) => void
}

/** Waits for one of a limited number of places. Owners take turns; within an owner, who waits longest looks first. */
export class PlaceQueue {
  readonly #waiting = new Map<string, Set<Waiter>>()
  #looking = false

  /** @param patience milliseconds that anybody waits */
  constructor (private readonly patience: number) {}

  /**
   * False when no place became free in time.
   *
   * @param tryTake takes a place if there is one for this owner
   */
  async take (owner: string, tryTake: () => boolean): Promise<boolean> {
    if (!this.#waiting.has(owner) && tryTake()) return true
    let took = false
    const waiter = { tryTake } as Waiter
    const waited = new Promise<void>(resolve => {
      waiter.done = value => {
        took = value
        resolve()
      }
    })
    const queue = this.#queue(owner)
    if (queue.size >= MAX_WAITING) return false
    queue.add(waiter)
    await within(waited, this.patience, true)
    if (!took) this.#forget(owner, waiter)
    return took || tryTake()
  }

  /** A place may have become free. */
  freed (): void {
    if (this.#waiting.size === 0 || this.#looking) return
    this.#looking = true
    const looked = [...this.#first()]
    const taken = looked.filter(([, [first]]) => first?.tryTake() === true)
    for (const [, queue] of taken) {
      const [first] = queue
      queue.delete(first as Waiter)
      first?.done(true)
    }
    // Whoever got nothing keeps its turn, unless it keeps others from being looked at.
    for (const [owner, queue] of taken.length > 0 ? taken : looked) {
      this.#waiting.delete(owner)
      if (queue.size > 0) this.#waiting.set(owner, queue)
    }
    this.#looking = false
  }

  * #first (): Generator<[string, Set<Waiter>]> {
    let looks = LOOKS
    for (const entry of this.#waiting) {
      if (looks-- === 0) return
      yield entry
    }
  }

  /** Nobody waits any longer. */
  end (): void {
    for (const queue of this.#waiting.values()) for (const { done } of queue) done(false)
  }

  #queue (owner: string): Set<Waiter> {
    let queue = this.#waiting.get(owner)
    if (queue === undefined) this.#waiting.set(owner, queue = new Set())
    return queue
  }

  #forget (owner: string, waiter: Waiter): void {
    const queue = this.#queue(owner)
    queue.delete(waiter)
    if (queue.size === 0) this.#waiting.delete(owner)
  }
}
