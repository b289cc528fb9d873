import { setTimeout as pause } from 'node:timers/promises'
import type { Availability } from './availability.js'
import type { Backend } from './backend.js'
import { type Duration, milliseconds } from './duration.js'
import { InvalidOptionError } from './errors.js'

/** From when on a backend that answers is degraded. */
export interface Thresholds {
  /** The time in which it answers a ping. Default 250 ms. */
  latency?: Duration
  /** The share of its calls that fail, above 0 and up to 1. Default 0.05. */
  errorRate?: number
  /** How often somebody looks, as `Sessions.health` does; calls of the last six intervals count. Default 10 s. */
  interval?: Duration
}

/**
 * `healthy`, `degraded` (it answers, but slowly, or not always) or `unhealthy` (it does not answer); `reasons` says
 * what is wrong: `backend`, `latency`, `errors`.
 */
export interface Health {
  state: 'healthy' | 'degraded' | 'unhealthy'
  reasons: Array<'backend' | 'latency' | 'errors'>
  /** Milliseconds that the backend took to answer a ping; absent when it did not. */
  latency?: number
  /** The share of the backend's calls that failed lately, 0 to 1. Few calls say nothing: 0. */
  errorRate: number
}

interface Sample { at: number, answers: number, failures: number }

/** Calls that a rate must rest on. */
const ENOUGH = 20

/** Looks at a backend. */
export class HealthCheck {
  readonly #interval: number
  readonly #latency: number
  readonly #errorRate: number
  #samples: Sample[] = []
  #state: Health['state'] = 'healthy'
  #looking: Promise<Health> | undefined

  /**
   * @param onChange told when the state has become another one
   * @param patience milliseconds after which a ping that was not answered counts as failed
   * @throws InvalidOptionError
   */
  constructor (
    private readonly store: { readonly backend: Backend, readonly availability: Availability },
    { latency = '250ms', errorRate = 0.05, interval = '10s' }: Thresholds,
    private readonly onChange: (health: Health, was: Health['state']) => void,
    private readonly now = () => performance.now(),
    private readonly patience = 5_000
  ) {
    this.#latency = milliseconds(latency, 'thresholds.latency')
    this.#interval = milliseconds(interval, 'thresholds.interval')
    if (!(errorRate > 0 && errorRate <= 1)) {
      throw new InvalidOptionError('thresholds.errorRate', 'expected a number above 0 and up to 1')
    }
    this.#errorRate = errorRate
  }

  /** Never rejects. Whoever asks meanwhile gets the same answer. */
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
    const state = latency === undefined ? 'unhealthy' : reasons.length > 0 ? 'degraded' : 'healthy'
    const health = { state, reasons, ...(latency !== undefined && { latency }), errorRate } satisfies Health
    const was = this.#state
    this.#state = state
    if (state !== was) this.onChange(health, was)
    return health
  }

  /** Milliseconds; undefined when there was no answer. */
  async #ping (): Promise<number | undefined> {
    const { availability, backend } = this.store
    const began = this.now()
    const over = new AbortController()
    const late = pause(this.patience, undefined, { ref: false, signal: over.signal })
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
    return calls < ENOUGH ? 0 : failed / calls
  }
}
