/**
 * Finds the heaviest item, or one of more than half its weight, in constant time: items are grouped by the power of two
 * that their weight reaches.
 */
export class Heaviest<T> {
  readonly #classes: Array<Set<T>> = Array.from({ length: 54 }, () => new Set<T>())
  readonly #classOf = new Map<T, number>()

  /** Sets the weight of a thing. Weight 0 removes it. */
  weigh (thing: T, weight: number): void {
    const known = this.#classOf.get(thing)
    const now = weight > 0 ? Math.floor(Math.log2(weight)) : undefined
    if (known === now) return
    if (known !== undefined) this.#classes[known]?.delete(thing)
    if (now === undefined) {
      this.#classOf.delete(thing)
      return
    }
    this.#classes[now]?.add(thing)
    this.#classOf.set(thing, now)
  }

  get first (): T | undefined {
    const [thing] = this.#classes.findLast(({ size }) => size > 0) ?? []
    return thing
  }
}
