import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { type Sessions, ownerDigest } from '@holdfast/core'
import { MODERN_VERSION, type ParkedEvent, type StateOutcome, type Unrelated } from '@holdfast/modern'
import type { Inbound } from '@holdfast/transport'
import { EraAudit } from '../audit.js'
import type { EraMetrics } from '../metrics/era-metrics.js'
import type { ClientCounter } from './client-counter.js'
import { claimOf, clientNameOf } from './spoken.js'

/** Takes what happens to requests without a session to the log, the audit and the metrics. */
export class EraEvents {
  readonly #audit: EraAudit

  /** @param serves whether revision 2026-07-28 is served */
  constructor (
    private readonly log: FastifyBaseLogger, private readonly sessions: Sessions,
    private readonly clients: ClientCounter, private readonly metrics: EraMetrics | undefined,
    private readonly serves: boolean
  ) {
    this.#audit = new EraAudit(log, sessions.fleet.replica)
  }

  readonly onUnrelated = ({ kind }: Unrelated): void => { this.metrics?.unrelated(kind) }

  readonly onWarning = (message: string): void => { this.log.warn(`holdfast: ${message}`) }

  readonly onParked = (event: ParkedEvent): void => {
    this.metrics?.parked(event.kind)
    this.#audit.parked(event)
  }

  readonly onState = (outcome: StateOutcome, { principal }: Inbound): void => {
    this.metrics?.state(outcome)
    if (outcome !== 'invalid' && outcome !== 'used') return
    this.#audit.stateRejected(outcome, ownerDigest(this.sessions.vault.namespace, principal))
  }

  /** A request was answered 400: perhaps because of its revision. */
  readonly onRefused = (request: FastifyRequest): void => {
    const claim = claimOf(request)
    if (claim === undefined || (this.serves && claim.version === MODERN_VERSION)) return
    const name = clientNameOf(request.body)
    if (this.clients.refused(name, claim)) this.#audit.refused(name, claim.version)
  }
}
