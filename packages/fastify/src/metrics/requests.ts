import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isObject } from '@holdfast/core'
import type { Reply } from '@holdfast/transport'
import { type Spoken, spokenBy } from '../eras/spoken.js'
import { METRICS } from './catalog.js'
import { Histogram } from './histogram.js'
import type { Sample, Source } from './registry.js'

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const METHODS: ReadonlySet<unknown> = new Set(METRICS.holdfast_request_duration_seconds.labels.method)

type Outcome = typeof METRICS.holdfast_request_duration_seconds.labels.outcome[number]

/** When a request came in; 0 for a request that a hook of the application refused before. */
const BEGAN = Symbol('began')

type Timed = FastifyRequest & { [BEGAN]: number }

/** Durations of requests, by method and outcome. A hook for responses would cost more than all the rest. */
export class Requests implements Source {
  readonly #histograms = new Map<string, Map<Outcome, Histogram>>()
  readonly #counts = new Map<Spoken, Map<string, number>>()
  /** Their numbers, by era and revision. */
  readonly total: Source = { read: () => this.#readTotal() }

  /** Prepares the requests of a scope. */
  time (scope: FastifyInstance): void {
    scope.decorateRequest(BEGAN, 0)
  }

  began (request: FastifyRequest): void {
    (request as Timed)[BEGAN] = performance.now()
  }

  /** Notes the outcome of a request: at once, or at the end of its stream. */
  answered (request: FastifyRequest, { status, body }: Reply): void {
    this.#count(request)
    if (body === null || typeof body === 'string') {
      this.#note(request, request.raw.socket.destroyed ? 'aborted' : outcomeOf(status))
    } else if (request.method !== 'GET') {
      // The stream of a GET stays open as long as its client wants, so its duration means nothing.
      body.once('close', () => this.#note(request, body.readableEnded ? 'ok' : 'aborted'))
    }
  }

  read (name: string): Sample[] {
    const histograms = [...this.#histograms.values()].flatMap(outcomes => [...outcomes.values()])
    return histograms.flatMap(histogram => histogram.read(name))
  }

  #count (request: FastifyRequest): void {
    const spoken = spokenBy(request)
    let counts = this.#counts.get(spoken)
    if (counts === undefined) this.#counts.set(spoken, counts = new Map())
    const method = methodOf(request)
    counts.set(method, (counts.get(method) ?? 0) + 1)
  }

  #readTotal (): Sample[] {
    return [...this.#counts].flatMap(([{ era, version }, counts]) =>
      Array.from(counts, ([method, value]) => ({ labels: { era, version, method }, value })))
  }

  #note (request: FastifyRequest, outcome: Outcome): void {
    const began = (request as Timed)[BEGAN]
    this.#of(methodOf(request), outcome).observe(began === 0 ? 0 : (performance.now() - began) / 1000)
  }

  #of (method: string, outcome: Outcome): Histogram {
    let outcomes = this.#histograms.get(method)
    if (outcomes === undefined) this.#histograms.set(method, outcomes = new Map())
    let histogram = outcomes.get(outcome)
    if (histogram === undefined) outcomes.set(outcome, histogram = new Histogram(BOUNDS, { method, outcome }))
    return histogram
  }
}

function methodOf ({ method, body }: FastifyRequest): string {
  if (method === 'GET' || method === 'DELETE') return method
  if (Array.isArray(body)) return 'batch'
  if (!isObject(body)) return 'other'
  if (body.method === undefined && body.id !== undefined) return 'response'
  return METHODS.has(body.method) ? body.method as string : 'other'
}

const OUTCOMES: Readonly<Record<number, Outcome>> = {
  401: 'denied', 403: 'denied', 404: 'unknown', 429: 'denied', 503: 'unavailable'
}

function outcomeOf (status: number): Outcome {
  return OUTCOMES[status] ?? (status < 400 ? 'ok' : status < 500 ? 'invalid' : 'error')
}
