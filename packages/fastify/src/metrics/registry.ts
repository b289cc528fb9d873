import { InvalidOptionError } from '@holdfast/core'
import { METRICS, type MetricName, type MetricSpec } from './catalog.js'

/** The members of a registry of `prom-client` that the plugin needs. */
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
  /** The name of a part of a histogram, which differs from the name of the metric. */
  metricName?: string
}

/** The values of a metric. Reading never rejects. */
export interface Source {
  read (name: string): Sample[] | Promise<Sample[]>
}

export type Sources = Record<MetricName, Source>

const COMBINE = { sum: (a: number, b: number) => a + b, max: Math.max, min: Math.min }

/** A metric of all apps that share a registry. It computes its values when the registry collects them. */
class Metric {
  readonly type: string
  readonly help: string
  readonly aggregator: keyof typeof COMBINE
  /** Each source with the path of its endpoint. */
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
        const total = same === undefined ? value : COMBINE[aggregator](same.value, value)
        values.set(id, { ...rest, labels: { path, ...labels }, value: total })
      }
    }
    return { name, help, type, aggregator, values: [...values.values()] }
  }

  /** Does nothing: the counts belong to the app, not to the registry. */
  reset (): void {}
}

/**
 * Adds the metrics of an app to a registry, together with the metrics of other apps.
 *
 * @returns a function that removes them again
 * @throws InvalidOptionError when a name is taken
 */
export function register (registry: MetricsRegistry, path: string, sources: Sources): () => void {
  const metrics = (Object.keys(METRICS) as MetricName[]).map(name => {
    const metric = registry.getSingleMetric(name) ?? new Metric(name, METRICS[name])
    if (metric instanceof Metric) return metric
    throw new InvalidOptionError('metrics.registry', `already has another metric ${name}, ` +
      'for example of another copy of this package: give this app a registry of its own')
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
