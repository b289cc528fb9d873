import type { Sample, Source } from './registry.js'

/**
 * Counts values up to each bound. Every request writes to it; only a read makes the form that Prometheus needs.
 */
export class Histogram implements Source {
  readonly #counts: number[]
  #sum = 0

  /** @param bounds ascending */
  constructor (
    private readonly bounds: readonly number[], private readonly labels: Readonly<Record<string, string>> = {}
  ) {
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe (value: number): void {
    const { bounds } = this
    let index = 0
    while (index < bounds.length && value > (bounds[index] as number)) index++
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#sum += value
  }

  /** @param name of the metric, with which the names of its buckets, sum and count begin */
  read (name: string): Sample[] {
    const { labels } = this
    let count = 0
    const buckets = this.#counts.map((own, index) => {
      count += own
      return { metricName: `${name}_bucket`, labels: { le: this.bounds[index] ?? '+Inf', ...labels }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count }
    ]
  }
}
