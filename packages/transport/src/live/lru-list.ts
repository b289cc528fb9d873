/** The links of an item to its neighbours in an {@link LruList}. */
export interface LruItem<T> {
  older?: T | undefined
  newer?: T | undefined
}

/**
 * Items from the least to the most recently used one. The items themselves hold the links, so using an item moves it in
 * constant time.
 */
export class LruList<T extends LruItem<T>> {
  #oldest: T | undefined
  #newest: T | undefined

  get oldest (): T | undefined { return this.#oldest }

  /** Makes an item the most recently used one. A new item is added. */
  use (item: T): void {
    if (this.#newest === item) return
    this.delete(item)
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
  }

  delete (item: T): void {
    const { older, newer } = item
    if (older !== undefined) older.newer = newer
    else if (this.#oldest === item) this.#oldest = newer
    if (newer !== undefined) newer.older = older
    else if (this.#newest === item) this.#newest = older
    item.older = item.newer = undefined
  }

  /** The least recently used item that passes a test. */
  find (test: (item: T) => boolean): T | undefined {
    for (const item of this) if (test(item)) return item
    return undefined
  }

  /** The least recently used item comes first. */
  * [Symbol.iterator] (): Generator<T> {
    for (let item = this.#oldest; item !== undefined; item = item.newer) yield item
  }
}
