import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { type Backend, type Codec, InvalidOptionError, type Sessions } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import type { Settings } from '../check-options.js'
import { BackendMetrics } from './backend-metrics.js'
import { EraMetrics, type ModernParts } from './era-metrics.js'
import { gauge } from './gauge.js'
import { type MetricsRegistry, ownRegistry, register } from './registry.js'
import { Requests } from './requests.js'
import { SealMetrics } from './seal-metrics.js'
import { sessionMetrics } from './session-metrics.js'
import { snapshotMetrics } from './snapshot-metrics.js'

/** Milliseconds that a scrape waits for the number of sessions. */
const COUNT_WAIT = 1_000

/** Counts cheaply while requests run, and makes the form of a registry only when the registry asks. */
export class Metrics {
  readonly requests = new Requests()
  readonly eras = new EraMetrics()
  readonly #backend = new BackendMetrics()
  readonly #seals = new SealMetrics()

  /** @throws InvalidOptionError */
  static async create ({ registry, path }: NonNullable<Settings['metrics']>): Promise<Metrics> {
    if (registry === undefined && path === undefined) {
      throw new InvalidOptionError('metrics', 'expected a registry, a path, or both: they make the metrics visible')
    }
    return new Metrics(registry ?? await ownRegistry(), path)
  }

  constructor (private readonly registry: MetricsRegistry, private readonly path: string | undefined) {}

  backend (backend: Backend): Backend {
    return this.#backend.observed(backend)
  }

  codec (codec: Codec): Codec {
    return this.#seals.counted(codec)
  }

  /**
   * Registers all metrics, and adds the route.
   *
   * @throws InvalidOptionError
   */
  serve (scope: FastifyInstance, endpoint: Endpoint, endpointPath: string, modern?: ModernParts): void {
    const { registry, path } = this
    const { sessions } = endpoint
    const active = counting(sessions)
    const unregister = register(registry, fullPath(scope, endpointPath), {
      holdfast_sessions_active: gauge(active),
      holdfast_sessions_live: gauge(() => endpoint.liveCount),
      holdfast_sessions_dormant: gauge(async () => {
        const count = await active()
        return count && Math.max(0, count - endpoint.liveCount)
      }),
      ...sessionMetrics(sessions),
      ...snapshotMetrics(sessions),
      holdfast_request_duration_seconds: this.requests,
      holdfast_requests_total: this.requests.total,
      ...this.eras.sources(modern),
      holdfast_streams_open: gauge(() => endpoint.openStreams + (modern?.endpoint.openStreams ?? 0)),
      holdfast_events_replayed_total: gauge(() => endpoint.replayedEvents),
      ...this.#backend.sources(sessions),
      ...this.#seals.sources
    })
    scope.addHook('onClose', async () => { unregister() })
    if (path === undefined) return
    scope.get(path, { config: { holdfast: 'metrics' } }, async (_, reply) =>
      await reply.type(registry.contentType).send(await registry.metrics()))
  }
}

/**
 * The number of sessions; undefined while the backend does not answer. Calls at the same time share one count of the
 * backend.
 */
function counting (sessions: Sessions): () => Promise<number | undefined> {
  let asking: Promise<number | undefined> | undefined
  return async () => {
    // An outage has its own event and its own metric.
    asking ??= sessions.count().catch(() => undefined).finally(() => { asking = undefined })
    return await Promise.race([asking, pause(COUNT_WAIT, undefined, { ref: false })])
  }
}

/** With its prefix, because two endpoints with the same path under two prefixes are different. */
function fullPath ({ prefix }: FastifyInstance, path: string): string {
  return prefix.replace(/\/$/, '') + path
}
