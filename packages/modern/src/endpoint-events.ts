import type { Inbound, Request } from '@holdfast/transport'
import type { CallEnd } from './exchange.js'
import { type Failure, isShown } from './failure.js'
import { knownMethod } from './methods.js'
import type { ModernEndpointOptions, StateOutcome } from './modern-endpoint-options.js'

/** What `data.reason` of an error says of a state. */
const STATE_REFUSALS: ReadonlyMap<unknown, StateOutcome> = new Map([
  ['invalid_request_state', 'invalid'], ['used', 'used']
])

/** Tells the application what becomes of calls and states. A callback that throws changes nothing: it is reported. */
export class EndpointEvents {
  constructor (private readonly options: Pick<ModernEndpointOptions, 'onCall' | 'onState' | 'sessions'>) {}

  /**
   * A request is over.
   *
   * @param beganAt when it arrived, by the monotonic clock
   */
  ended (method: string | undefined, beganAt: number, how: CallEnd): void {
    const { onCall } = this.options
    if (onCall === undefined) return
    try {
      onCall(knownMethod(method), how, (performance.now() - beganAt) / 1_000)
    } catch (error) {
      this.report(error)
    }
  }

  /** A call ends with a result. The client may have sent a state for it, and may get one. */
  succeeded ({ params }: Request, result: Readonly<Record<string, unknown>>, inbound: Inbound): void {
    if (params?.requestState !== undefined) this.#state('accepted', inbound)
    if (result.resultType === 'input_required' && result.requestState !== undefined) this.#state('issued', inbound)
  }

  /** A call ends with an error, which may be the refusal of a state. */
  failed ({ data }: Failure['error'], inbound: Inbound): void {
    const outcome = STATE_REFUSALS.get((data as { reason?: unknown } | null)?.reason)
    if (outcome !== undefined) this.#state(outcome, inbound)
  }

  /** Reports an error that the client does not learn of. */
  reportDefect (error: unknown): void {
    if (!isShown(error)) this.report(error)
  }

  report (error: unknown): void {
    this.options.sessions.report(error)
  }

  #state (outcome: StateOutcome, inbound: Inbound): void {
    try {
      this.options.onState?.(outcome, inbound)
    } catch (error) {
      this.report(error)
    }
  }
}
