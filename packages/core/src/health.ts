import { setTimeout as pause } from 'node:timers/promises'
import type { Availability } from './availability.js'
import type { Backend } from './backend.js'
import { type Duration, milliseconds } from './duration.js'
import { InvalidOptionError } from './errors.js'

/** A backend that answers counts as degraded from these values on. */
export interface Thresholds {
  /** The time to answer a ping. Default 250 ms. */
  latency?: Duration
  /** The share of calls that fail, above 0 and up to 1. Default 0.05. */
  errorRate?: number
  /** The time between two calls of `Sessions.health`. The error rate covers six intervals. Default 10 s. */
  interval?: Duration
}

/**
 * The health of a backend: `healthy`; `degraded` when it answers slowly, or not every call, or while a fallback
 * answers for it; `unhealthy` when it does not answer. `reasons` says what is wrong: `backend`, `latency`, `errors`,
 * `fallback`.
 */
export interface Health {
  state: 'healthy' | 'degraded' | 'unhealthy'
  reasons: Array<'backend' | 'latency' | 'errors' | 'fallback'>
  /** Milliseconds that the backend took to answer a ping; absent when it did not answer. */
  latency?: number
  /** The share of calls that failed recently, 0 to 1. It is 0 while there were too few calls to judge by. */
  errorRate: number
}

interface Sample { at: number, answers: number, failures: number }

/** Calls that an error rate must be based on. */
const MIN_CALLS = 20

/** Measures the health of a backend. */
export class HealthCheck {
  readonly #interval: number
  readonly #latency: number
  readonly #errorRate: number
  #samples: Sample[] = []
  #state: Health['state'] = 'healthy'
  #looking: Promise<Health> | undefined

  /**
   * @param onChange called when the state differs from the previous one
   * @param pingTimeout milliseconds after which a ping without an answer counts as failed
   * @throws InvalidOptionError
   */
  constructor (
    private readonly store: { readonly backend: Backend, readonly availability: Availability },
    { latency = '250ms', errorRate = 0.05, interval = '10s' }: Thresholds,
    private readonly onChange: (health: Health, was: Health['state']) => void,
    private readonly now = () => performance.now(),
    private readonly pingTimeout = 5_000
  ) {
    this.#latency = milliseconds(latency, 'thresholds.latency')
    this.#interval = milliseconds(interval, 'thresholds.interval')
    if (!(errorRate > 0 && errorRate <= 1)) {
      throw new InvalidOptionError('thresholds.errorRate', 'expected a number above 0 and up to 1')
    }
    this.#errorRate = errorRate
  }

  /** Never rejects. Further calls during a measurement get the same result. */
  async look (): Promise<Health> {
    this.#looking ??= this.#look().finally(() => { this.#looking = undefined })
    return await this.#looking
  }

  async #look (): Promise<Health> {
    const latency = await this.#ping()
    const errorRate = this.#rate()
    const reasons: Health['reasons'] = []
    if (latency === undefined) reasons.push('backend')
    else if (latency >= this.#latency) reasons.push('latency')
    if (errorRate >= this.#errorRate) reasons.push('errors')
    if (this.store.backend.status?.().fallback?.active === true) reasons.push('fallback')
    const state = latency === undefined ? 'unhealthy' : reasons.length > 0 ? 'degraded' : 'healthy'
    const health = { state, reasons, ...(latency !== undefined && { latency }), errorRate } satisfies Health
    const was = this.#state
    this.#state = state
    if (state !== was) this.onChange(health, was)
    return health
  }

  /** The latency in milliseconds; undefined without an answer. */
  async #ping (): Promise<number | undefined> {
    const { availability, backend } = this.store
    const began = this.now()
    const over = new AbortController()
    const late = pause(this.pingTimeout, undefined, { ref: false, signal: over.signal })
      .then(() => { throw new Error('the backend did not answer a ping in time') })
    late.catch(() => {})
    // A failure is reported as an event, when the outage begins.
    const answered = await availability.ask(async () => await Promise.race([backend.ping(), late]))
      .then(() => true, () => false)
    const took = this.now() - began
    over.abort()
    return answered ? took : undefined
  }

  #rate (): number {
    const { answers, failures } = this.store.availability
    const at = this.now()
    const last = this.#samples.at(-1)
    if (last === undefined || at - last.at >= this.#interval / 10) this.#samples.push({ at, answers, failures })
    const first = this.#samples.findLastIndex(sample => at - sample.at >= 6 * this.#interval)
    this.#samples.splice(0, Math.max(0, first))
    const [base] = this.#samples as [Sample]
    const failed = failures - base.failures
    const calls = answers - base.answers + failed
    return calls < MIN_CALLS ? 0 : failed / calls
  }
}
