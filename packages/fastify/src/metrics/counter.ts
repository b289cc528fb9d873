import { METRICS, type MetricName, type MetricSpec } from './catalog.js'
import type { Sample, Source } from './registry.js'

/** Counts events, by one label or without a label. */
export class Counter implements Source {
  readonly #label: string | undefined
  readonly #counts: Map<string, number>

  /** A value of the label that is known from the start is shown with 0 before it first occurs. */
  constructor (name: MetricName) {
    const { labels = {} }: MetricSpec = METRICS[name]
    const [[label, values] = [undefined, ['']]] = Object.entries(labels)
    this.#label = label
    this.#counts = new Map(values.map(value => [value, 0]))
  }

  add (value = '', by = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + by)
  }

  read (): Sample[] {
    const label = this.#label
    return Array.from(this.#counts, ([of, value]) => ({ labels: label === undefined ? {} : { [label]: of }, value }))
  }
}
