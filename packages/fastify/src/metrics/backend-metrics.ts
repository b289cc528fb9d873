import { type Backend, type BackendStatus, type Health, type Sessions } from '@holdfast/core'
import { METRICS } from './catalog.js'
import { Counter } from './counter.js'
import { gauge } from './gauge.js'
import { Histogram } from './histogram.js'
import { type ObservedBackend, observedBackend } from './observed-backend.js'
import type { Source } from './registry.js'

const OPERATION_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** Seconds, from a minute to a week. */
const LIFE_BOUNDS = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800]

/** Metrics of the backend: its calls, its state, and the sessions that end in it. */
export class BackendMetrics {
  readonly #ages = new Histogram(LIFE_BOUNDS)
  readonly #pauses = new Histogram(LIFE_BOUNDS)
  readonly #operations: Histogram[] = []
  readonly #errors = new Counter('holdfast_backend_errors_total')

  observed (backend: Backend): Backend {
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

  /** @param sessions of a backend that is {@link observed} */
  sources (sessions: Sessions) {
    const backend = sessions.vault.backend as ObservedBackend
    const status = (ask: (status: BackendStatus) => number | undefined): Source => gauge(() => ask(backend.status()))
    return {
      holdfast_session_age_seconds: this.#ages,
      holdfast_session_idle_seconds: this.#pauses,
      holdfast_backend_operation_duration_seconds: {
        read: (name: string) => this.#operations.flatMap(histogram => histogram.read(name))
      },
      holdfast_backend_errors_total: this.#errors,
      holdfast_backend_up: gauge(() => Number(!sessions.vault.availability.down)),
      holdfast_backend_health: healthSource(sessions),
      holdfast_backend_breaker_open: status(({ breaker }) => breaker && Number(breaker === 'open')),
      holdfast_fallback_active: status(({ fallback }) => fallback && Number(fallback.active)),
      holdfast_fallback_activations_total: status(({ fallback }) => fallback?.activations),
      holdfast_copy_pending_sessions: status(({ lag }) => lag?.pending),
      holdfast_copy_lag_seconds: status(({ lag }) => lag && lag.age / 1000)
    }
  }
}

function healthSource (sessions: Sessions): Source {
  let current: Health['state'] = 'healthy'
  sessions.on('health', ({ state }) => { current = state })
  const { state: states } = METRICS.holdfast_backend_health.labels
  return { read: () => states.map(state => ({ labels: { state }, value: Number(state === current) })) }
}
