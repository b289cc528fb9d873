/**
 * Finds the heaviest item, or one of more than half its weight, in constant time: items are grouped by the power of two
 * that their weight reaches.
 */
export class Heaviest<T> {
  readonly #classes: Array<Set<T>> = Array.from({ length: 54 }, () => new Set<T>())
  readonly #classOf = new Map<T, number>()

  /** Sets the weight of an item. Weight 0 removes it. */
  weigh (item: T, weight: number): void {
    const known = this.#classOf.get(item)
    const now = weight > 0 ? Math.floor(Math.log2(weight)) : undefined
    if (known === now) return
    if (known !== undefined) this.#classes[known]?.delete(item)
    if (now === undefined) {
      this.#classOf.delete(item)
      return
    }
    this.#classes[now]?.add(item)
    this.#classOf.set(item, now)
  }

  get first (): T | undefined {
    const [item] = this.#classes.findLast(({ size }) => size > 0) ?? []
    return item
  }
}
