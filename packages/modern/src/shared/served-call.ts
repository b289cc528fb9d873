import type { McpCall, Notification } from '@holdfast/transport'
import type { ModernCall, Outcome } from '../modern-call.js'
import type { CancelReason } from '../modern-server.js'
import { RequestCall } from '../request-call.js'

/** Something that needs the end of a call, even when its client is gone. A call has at most one. */
export interface Keeper {
  /**
   * Called once, before the client gets the outcome; undefined when the call was cancelled. Never rejects, and resolves
   * in time.
   */
  ended (outcome: Outcome | undefined): Promise<void>
  /** The client has gone. The call goes on, until `stop` or its end. */
  gone (stop: () => void): void
}

interface Canceller {
  cancel (served: ServedCall, reason: CancelReason): void
}

/** A call on its way through a server object. */
export class ServedCall {
  /** What `callOf` gives to the handler. */
  readonly handed: McpCall
  /** What the client gets in place of any answer of the server. */
  verdict?: Outcome
  keeper?: Keeper
  /** Where it runs. */
  leg?: Canceller
  /** By which a shared server knows the call, while it runs there. */
  wireId?: number | undefined
  #over = false

  /** @param released called once, when the server has no more to do for the call */
  constructor (readonly call: ModernCall, private readonly released: () => void) {
    this.handed = new ServedRequestCall(this)
  }

  /** The server is done with it, or has to be. */
  get isOver (): boolean { return this.#over }

  /** A client sees progress under the token that it gave itself, whichever one the handler names. */
  notify (notification: Notification): void {
    const { progressToken } = this.call.meta
    const { method, params } = notification
    const isOwn = progressToken === undefined || params?.progressToken === progressToken
    this.call.notify(method !== 'notifications/progress' || isOwn
      ? notification
      : { ...notification, params: { ...params, progressToken } })
  }

  end (outcome: Outcome): void {
    if (!this.#release()) return
    const given = this.verdict ?? outcome
    if (this.keeper === undefined) this.call.end(given)
    else void this.keeper.ended(given).then(() => this.call.end(given))
  }

  /** Forgets a call that was cancelled. The promise, if any, resolves when the keeper knows. It never rejects. */
  abandon (): Promise<void> | undefined {
    return this.#release() ? this.keeper?.ended(undefined) : undefined
  }

  #release (): boolean {
    if (this.#over) return false
    this.#over = true
    this.released()
    return true
  }
}

/** What a handler gets, with a way back to the call that only this file knows. */
class ServedRequestCall extends RequestCall {
  readonly #served: ServedCall

  constructor (served: ServedCall) {
    super(served.call.meta, served.call.inbound.principal)
    this.#served = served
  }

  static servedOf (handed: object): ServedCall | undefined {
    return #served in handed ? handed.#served : undefined
  }
}

/** The call behind what `callOf` gave; undefined for a call that no shared server serves. */
export function servedOf (handed: McpCall): ServedCall | undefined {
  return ServedRequestCall.servedOf(handed)
}
