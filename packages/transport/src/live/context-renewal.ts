import { isDeepStrictEqual } from 'node:util'
import {
  HoldfastError, type Json, type Session, type Sessions, isHoldfastError, sessionNotice, within
} from '@holdfast/core'

/** Resolves the context of a session again, for the request of its principal. */
export type RenewContext = (current: Json) => Json | Promise<Json>

export interface RenewalSettings {
  /** Whether the application accepts a context. Default: it accepts every context. */
  isContext?: ((context: Json) => boolean) | undefined
  /** Milliseconds between two renewals of a live session. */
  renewEvery: number
  /** Milliseconds that a renewal may take. */
  factoryTimeout: number
}

/** Renews contexts, and ends sessions whose context the application does not accept any more. */
export class ContextRenewal {
  constructor (private readonly sessions: Sessions, private readonly settings: RenewalSettings) {}

  /** Whether a live session is to be renewed again. */
  isDue (renewedAt: number): boolean {
    return performance.now() - renewedAt >= this.settings.renewEvery
  }

  /**
   * Renews the context of a session. When that fails, the session keeps its context.
   *
   * @param renew absent when nothing can renew it
   * @throws HoldfastError HOLDFAST_SESSION_GONE when the application does not accept the context that is left; then the
   *   session has ended. HOLDFAST_BACKEND_UNAVAILABLE
   */
  async renew (session: Session, renew: RenewContext | undefined): Promise<void> {
    // Nobody can say whose context a session without a principal may have.
    if (renew !== undefined && session.principal !== null) await this.#try(session, renew)
    if (this.#accepts(session.context)) return
    const error = new HoldfastError('HOLDFAST_INVALID_CONTEXT')
    this.sessions.emit('activationFailed', { ...sessionNotice(session), error })
    await this.sessions.terminate(session)
    throw new HoldfastError('HOLDFAST_SESSION_GONE')
  }

  /**
   * Gives a session another context.
   *
   * @throws HoldfastError HOLDFAST_INVALID_CONTEXT when the application does not accept it, or nobody owns the session;
   *   HOLDFAST_SESSION_GONE, HOLDFAST_STATE_TOO_LARGE, HOLDFAST_CONFLICT, HOLDFAST_BACKEND_UNAVAILABLE
   */
  async set (session: Session, context: Json): Promise<void> {
    if (session.principal === null) {
      throw new HoldfastError('HOLDFAST_INVALID_CONTEXT', 'a session without a principal keeps its context')
    }
    if (context === undefined || !this.#accepts(context)) throw new HoldfastError('HOLDFAST_INVALID_CONTEXT')
    // As it is stored: an instance of a class is not, and neither is a member that is undefined.
    const stored: Json = JSON.parse(JSON.stringify(context))
    if (isDeepStrictEqual(stored, session.context)) return
    await session.change(state => ({ ...state, context: stored }))
    this.sessions.emit('contextRenewed', sessionNotice(session))
  }

  async #try (session: Session, renew: RenewContext): Promise<void> {
    try {
      let renewed: Json | undefined
      const renewing = (async () => { renewed = await renew(session.context) })()
      if (!await within(renewing, this.settings.factoryTimeout, true)) throw new Error('the renewal took too long')
      await this.set(session, renewed as Json)
    } catch (error) {
      if (isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE') || isHoldfastError(error, 'HOLDFAST_SESSION_GONE')) {
        throw error
      }
      this.sessions.emit('contextRenewalFailed', { ...sessionNotice(session), error })
      if (!isHoldfastError(error)) this.sessions.report(error)
    }
  }

  #accepts (context: Json): boolean {
    return this.settings.isContext?.(context) !== false
  }
}
