import { InvalidOptionError } from '@holdfast/core'
import { METRICS, type MetricName, type MetricSpec } from './catalog.js'

/** A registry of `prom-client`, as far as it is needed. */
export interface MetricsRegistry {
  readonly contentType: string
  registerMetric (metric: any): void
  getSingleMetric (name: string): unknown
  removeSingleMetric (name: string): void
  metrics (): Promise<string>
}

export interface Sample {
  labels: Readonly<Record<string, string | number>>
  value: number
  /** Where it is not that of the metric: the parts of a histogram. */
  metricName?: string
}

/** What a metric says when it is asked. It never rejects. */
export interface Source {
  read (name: string): Sample[] | Promise<Sample[]>
}

export type Sources = Record<MetricName, Source>

const TOGETHER = { sum: (a: number, b: number) => a + b, max: Math.max, min: Math.min }

/** What a registry collects, of all apps that share it: nothing is prepared before it asks. */
class Metric {
  readonly type: string
  readonly help: string
  readonly aggregator: keyof typeof TOGETHER
  /** With the path of its endpoint. */
  readonly sources = new Map<Source, string>()

  constructor (readonly name: string, { type, help, aggregator = 'sum' }: MetricSpec) {
    this.type = type
    this.help = help
    this.aggregator = aggregator
  }

  async get (): Promise<object> {
    const { name, help, type, aggregator, sources } = this
    const values = new Map<string, Sample>()
    for (const [source, path] of sources) {
      for (const { labels, value, ...rest } of await source.read(name)) {
        const id = JSON.stringify([rest, path, labels])
        const same = values.get(id)
        values.set(id, { ...rest, labels: { path, ...labels }, value: same === undefined ? value : TOGETHER[aggregator](same.value, value) })
      }
    }
    return { name, help, type, aggregator, values: [...values.values()] }
  }

  /** Counts go on: they are not the registry's. */
  reset (): void {}
}

/**
 * Adds our metrics to a registry, beside those of other apps.
 *
 * @returns what takes them out again
 * @throws InvalidOptionError when a name is taken
 */
export function register (registry: MetricsRegistry, path: string, sources: Sources): () => void {
  const metrics = (Object.keys(METRICS) as MetricName[]).map(name => {
    const metric = registry.getSingleMetric(name) ?? new Metric(name, METRICS[name])
    if (metric instanceof Metric) return metric
    throw new InvalidOptionError('metrics.registry', `has a metric ${name} that somebody else registered, such as another copy of this package: give this app a registry of its own`)
  })
  for (const metric of metrics) {
    metric.sources.set(sources[metric.name as MetricName], path)
    registry.registerMetric(metric)
  }
  return () => {
    for (const { name, sources: all } of metrics) {
      all.delete(sources[name as MetricName])
      if (all.size === 0) registry.removeSingleMetric(name)
    }
  }
}

/** @throws InvalidOptionError when `prom-client` is not installed */
export async function ownRegistry (load = async () => await import('prom-client')): Promise<MetricsRegistry> {
  const { Registry } = await load().catch(() => {
    throw new InvalidOptionError('metrics', 'needs the package prom-client: `npm install prom-client`')
  })
  return new Registry()
}
