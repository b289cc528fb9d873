/**
 * Finds something of the greatest weight, or of more than half of that, at once: things are kept by the power of two
 * that their weight reaches.
 */
export class Heaviest<T> {
  readonly #classes: Array<Set<T>> = Array.from({ length: 54 }, () => new Set<T>())
  readonly #classOf = new Map<T, number>()

  /** Weight 0 takes it out. */
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
