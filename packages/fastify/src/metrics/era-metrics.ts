import type { BridgeServer, ModernEndpoint, ParkedEvent, StateOutcome, Unrelated } from '@holdfast/modern'
import { Counter } from './counter.js'
import { gauge } from './gauge.js'

/** What serves revision 2026-07-28 in this process. */
export interface ModernParts {
  endpoint: ModernEndpoint
  bridge?: BridgeServer | undefined
}

/** Metrics of revision 2026-07-28. */
export class EraMetrics {
  readonly #parked = new Counter('holdfast_parked_total')
  readonly #states = new Counter('holdfast_request_states_total')
  readonly #unrelated = new Counter('holdfast_unrelated_messages_total')

  parked (kind: ParkedEvent['kind']): void { this.#parked.add(kind) }
  state (outcome: StateOutcome): void { this.#states.add(outcome) }
  unrelated (kind: Unrelated['kind']): void { this.#unrelated.add(kind) }

  sources (modern: ModernParts | undefined) {
    return {
      holdfast_modern_calls: gauge(() => modern?.endpoint.runningCalls ?? 0),
      holdfast_parked_calls: gauge(() => modern?.bridge?.parkedCount ?? 0),
      holdfast_parked_total: this.#parked,
      holdfast_request_states_total: this.#states,
      holdfast_unrelated_messages_total: this.#unrelated
    }
  }
}
