import { InvalidOptionError } from '@holdfast/core'
import { METRICS, type MetricName, type MetricSpec } from './catalog.js'

/** A registry of `prom-client`, as far as it is needed. */
export interface MetricsRegistry {
  readonly contentType: string
  registerMetric (metric: any): void
  removeSingleMetric (name: string): void
  metrics (): Promise<string>
}

export interface Sample {
  labels: Readonly<Record<string, string | number>>
  value: number
  /** Where it is not that of the metric: the parts of a histogram. */
  metricName?: string
}

type Read = (name: string) => Sample[] | Promise<Sample[]>

/** What a registry collects: nothing is prepared before it asks. */
class Metric {
  readonly type: string
  readonly help: string
  readonly aggregator: string

  constructor (readonly name: string, { type, help, aggregator = 'sum' }: MetricSpec, private readonly read: Read) {
    this.type = type
    this.help = help
    this.aggregator = aggregator
  }

  async get (): Promise<object> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: await this.read(name) }
  }

  /** Counts go on: they are not the registry's. */
  reset (): void {}
}

/** Adds our metrics to a registry. @returns what takes them out again */
export function register (registry: MetricsRegistry, reads: Record<MetricName, Read>): () => void {
  const names = Object.keys(METRICS) as MetricName[]
  for (const name of names) registry.registerMetric(new Metric(name, METRICS[name], reads[name]))
  return () => { for (const name of names) registry.removeSingleMetric(name) }
}

/** @throws InvalidOptionError when `prom-client` is not installed */
export async function ownRegistry (load = async () => await import('prom-client')): Promise<MetricsRegistry> {
  try {
    const { Registry } = await load()
    return new Registry()
  } catch (error) {
    throw new InvalidOptionError('metrics', 'the package prom-client is not installed; install it, or give a registry')
  }
}
