import type { FastifyInstance } from 'fastify'
import { type Backend, type Codec, type Health, InvalidOptionError, type Sessions } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import type { Settings } from '../options.js'
import { countedCodec } from './counted-codec.js'
import { Counter } from './counter.js'
import { Histogram } from './histogram.js'
import { observedBackend } from './observed-backend.js'
import { type MetricsRegistry, type Sample, ownRegistry, register } from './registry.js'
import { Requests } from './requests.js'

const OPERATION_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** From a minute to a week. */
const LIFE_BOUNDS = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800]

const OUTCOMES = ['success', 'failure']
const STATES: Array<Health['state']> = ['healthy', 'degraded', 'unhealthy']

/** Counts cheaply while requests run, and puts it into a registry's form when that asks. */
export class Metrics {
  readonly requests = new Requests()
  readonly #created = new Counter()
  readonly #restored = new Counter('outcome', OUTCOMES)
  readonly #expired = new Counter('reason', ['idle', 'absolute'])
  readonly #terminated = new Counter('reason', ['terminated', 'evicted'])
  readonly #ages = new Histogram(LIFE_BOUNDS)
  readonly #pauses = new Histogram(LIFE_BOUNDS)
  readonly #limits = new Counter('limit', ['maxSessions', 'maxPerOwner', 'maxLive'])
  readonly #mismatches = new Counter()
  readonly #unreadable = new Counter('kind', ['session', 'event'])
  readonly #exports = new Counter('outcome', OUTCOMES)
  readonly #exported = new Counter()
  readonly #imports = new Counter('outcome', OUTCOMES)
  readonly #imported = new Counter('result', ['restored', 'expired', 'duplicate', 'over_limit', 'invalid'])
  readonly #operations: Histogram[] = []
  readonly #errors = new Counter('operation')
  readonly #seals = new Counter('key')
  readonly #opens = new Counter('key')
  readonly #failures = new Counter('reason', ['key_unavailable', 'broken'])
  #snapshotBytes: number | undefined
  #health: Health['state'] = 'healthy'

  /** @throws InvalidOptionError */
  static async create ({ registry, path }: NonNullable<Settings['metrics']>): Promise<Metrics> {
    if (registry === undefined && path === undefined) throw new InvalidOptionError('metrics', 'expected a registry, a path, or both: otherwise nobody reads them')
    return new Metrics(registry ?? await ownRegistry(), path)
  }

  constructor (private readonly registry: MetricsRegistry, private readonly path: string | undefined) {}

  backend (backend: Backend): Backend {
    return observedBackend(backend, {
      operation: operation => {
        const histogram = new Histogram(OPERATION_BOUNDS, { operation })
        this.#operations.push(histogram)
        return { took: seconds => histogram.observe(seconds), failed: () => this.#errors.add(operation) }
      },
      ended: ({ createdAt, usedAt }, at) => {
        this.#ages.observe(Math.max(0, at - createdAt) / 1000)
        this.#pauses.observe(Math.max(0, at - usedAt) / 1000)
      }
    })
  }

  codec (codec: Codec): Codec {
    return countedCodec(codec, { seals: this.#seals, opens: this.#opens, failures: this.#failures })
  }

  /** Registers everything, and adds the route. */
  serve (app: FastifyInstance, sessions: Sessions, endpoint: Endpoint): void {
    const { registry, path } = this
    this.#listen(sessions)
    const unregister = this.#register(sessions, endpoint)
    app.addHook('onClose', async () => { unregister() })
    if (path === undefined) return
    app.get(path, { config: { holdfast: 'metrics' } }, async (_, reply) => await reply.type(registry.contentType).send(await registry.metrics()))
  }

  #listen (sessions: Sessions): void {
    sessions.on('created', () => { this.#created.add() })
    sessions.on('restored', () => { this.#restored.add('success') })
    sessions.on('restoreFailed', () => { this.#restored.add('failure') })
    sessions.on('expired', ({ reason }) => { this.#expired.add(reason) })
    sessions.on('terminated', ({ reason }) => { this.#terminated.add(reason) })
    sessions.on('limitReached', ({ limit }) => { this.#limits.add(limit) })
    sessions.on('ownerMismatch', () => { this.#mismatches.add() })
    sessions.on('unreadable', ({ kind }) => { this.#unreadable.add(kind) })
    sessions.on('exported', ({ exported, bytes }) => {
      this.#exports.add('success')
      this.#exported.add('', exported)
      this.#snapshotBytes = bytes
    })
    sessions.on('exportFailed', () => { this.#exports.add('failure') })
    sessions.on('imported', ({ restored, expired, duplicate, overLimit, invalid }) => {
      this.#imports.add(invalid.length + overLimit === 0 ? 'success' : 'failure')
      const results = { restored, expired, duplicate, over_limit: overLimit, invalid: invalid.length }
      for (const [result, count] of Object.entries(results)) this.#imported.add(result, count)
    })
    sessions.on('importFailed', () => { this.#imports.add('failure') })
    sessions.on('health', ({ state }) => { this.#health = state })
  }

  #register (sessions: Sessions, endpoint: Endpoint): () => void {
    const { backend } = sessions
    const active = counting(sessions)
    return register(this.registry, {
      holdfast_sessions_active: async () => gauge(await active()),
      holdfast_sessions_live: () => gauge(endpoint.liveCount),
      holdfast_sessions_dormant: async () => {
        const count = await active()
        return gauge(count && Math.max(0, count - endpoint.liveCount))
      },
      holdfast_sessions_created_total: () => this.#created.read(),
      holdfast_sessions_restored_total: () => this.#restored.read(),
      holdfast_sessions_expired_total: () => this.#expired.read(),
      holdfast_sessions_terminated_total: () => this.#terminated.read(),
      holdfast_session_age_seconds: name => this.#ages.read(name),
      holdfast_session_idle_seconds: name => this.#pauses.read(name),
      holdfast_limit_reached_total: () => this.#limits.read(),
      holdfast_owner_mismatches_total: () => this.#mismatches.read(),
      holdfast_unreadable_total: () => this.#unreadable.read(),
      holdfast_snapshots_exported_total: () => this.#exports.read(),
      holdfast_sessions_exported_total: () => this.#exported.read(),
      holdfast_snapshot_bytes: () => gauge(this.#snapshotBytes),
      holdfast_snapshots_imported_total: () => this.#imports.read(),
      holdfast_sessions_imported_total: () => this.#imported.read(),
      holdfast_snapshot_incomplete: () => gauge(Number(sessions.incomplete)),
      holdfast_request_duration_seconds: name => this.requests.read(name),
      holdfast_streams_open: () => gauge(endpoint.openStreams),
      holdfast_events_replayed_total: () => gauge(endpoint.replayedEvents),
      holdfast_backend_operation_duration_seconds: name => this.#operations.flatMap(histogram => histogram.read(name)),
      holdfast_backend_errors_total: () => this.#errors.read(),
      holdfast_backend_up: () => gauge(Number(!sessions.availability.down)),
      holdfast_backend_breaker_open: () => gauge(backend.breaker && Number(backend.breaker() === 'open')),
      holdfast_health: () => STATES.map(state => ({ labels: { state }, value: Number(state === this.#health) })),
      holdfast_seals_total: () => this.#seals.read(),
      holdfast_opens_total: () => this.#opens.read(),
      holdfast_open_failures_total: () => this.#failures.read()
    })
  }
}

/** The number of sessions, asked once for all who want to know it at the same time; undefined while the backend does not answer. */
function counting (sessions: Sessions): () => Promise<number | undefined> {
  let asking: Promise<number | undefined> | undefined
  return async () => {
    // An outage has its own event and its own metric.
    asking ??= sessions.count().catch(() => undefined).finally(() => { asking = undefined })
    return await asking
  }
}

function gauge (value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }]
}
