import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isObject } from '@holdfast/core'
import type { Reply } from '@holdfast/transport'
import { METRICS } from './catalog.js'
import { Histogram } from './histogram.js'
import type { Sample, Source } from './registry.js'

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const METHODS: ReadonlySet<unknown> = new Set(METRICS.holdfast_request_duration_seconds.labels.method)

type Outcome = typeof METRICS.holdfast_request_duration_seconds.labels.outcome[number]

/** When a request came in; 0 for one that a hook of the application refused first. */
const BEGAN = Symbol('began')

type Timed = FastifyRequest & { [BEGAN]: number }

/** How long requests take, by what they ask and what came of it. A hook for responses would cost more than all the rest. */
export class Requests implements Source {
  readonly #histograms = new Map<string, Map<Outcome, Histogram>>()

  /** Prepares the requests of a scope. */
  time (scope: FastifyInstance): void {
    scope.decorateRequest(BEGAN, 0)
  }

  began (request: FastifyRequest): void {
    (request as Timed)[BEGAN] = performance.now()
  }

  /** Notes what a request is answered with; a stream, when it is over. */
  answered (request: FastifyRequest, { status, body }: Reply): void {
    if (body === null || typeof body === 'string') this.#note(request, request.raw.socket.destroyed ? 'aborted' : outcomeOf(status))
    // One for what belongs to no request is open for as long as its client likes.
    else if (request.method !== 'GET') body.once('close', () => this.#note(request, body.readableEnded ? 'ok' : 'aborted'))
  }

  read (name: string): Sample[] {
    return Array.from(this.#histograms.values(), outcomes => Array.from(outcomes.values(), histogram => histogram.read(name))).flat(2)
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

const OUTCOMES: Readonly<Record<number, Outcome>> = { 401: 'denied', 403: 'denied', 404: 'unknown', 429: 'denied', 503: 'unavailable' }

function outcomeOf (status: number): Outcome {
  return OUTCOMES[status] ?? (status < 400 ? 'ok' : status < 500 ? 'invalid' : 'error')
}
