import { within } from '@holdfast/core'

/** Owners that get a chance when a place becomes free. The next free place goes to the owners after them. */
const OWNERS_PER_ROUND = 64

/** Waiters of one owner. Further ones are refused. */
const MAX_WAITING = 1_000

interface Waiter {
  tryTake: () => boolean
  done: (took: boolean) => void
}

/**
 * The queue for a limited number of places. Owners take turns. Among the waiters of one owner, the one that waits
 * longest comes first.
 */
export class PlaceQueue {
  readonly #waiting = new Map<string, Set<Waiter>>()
  #looking = false

  /** @param timeout milliseconds that a waiter waits */
  constructor (private readonly timeout: number) {}

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
    await within(waited, this.timeout, true)
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
    // An owner that got nothing keeps its turn, unless no owner got anything: then others must get a chance.
    for (const [owner, queue] of taken.length > 0 ? taken : looked) {
      this.#waiting.delete(owner)
      if (queue.size > 0) this.#waiting.set(owner, queue)
    }
    this.#looking = false
  }

  * #first (): Generator<[string, Set<Waiter>]> {
    let left = OWNERS_PER_ROUND
    for (const entry of this.#waiting) {
      if (left-- === 0) return
      yield entry
    }
  }

  /** Ends all waiting, without a place. */
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
