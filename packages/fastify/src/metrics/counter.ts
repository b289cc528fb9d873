import type { Sample } from './registry.js'

/** Counts events, by one label or none. */
export class Counter {
  readonly #counts: Map<string, number>

  /** @param values those that are known from the start, so that they are seen before they first occur */
  constructor (private readonly label?: string, values: readonly string[] = label === undefined ? [''] : []) {
    this.#counts = new Map(values.map(value => [value, 0]))
  }

  add (value = '', by = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + by)
  }

  read (): Sample[] {
    const { label } = this
    return Array.from(this.#counts, ([of, value]) => ({ labels: label === undefined ? {} : { [label]: of }, value }))
  }
}
