import { type ErrorCode, isHoldfastError } from '@holdfast/core'
import { INTERNAL_ERROR, INVALID_PARAMS } from '@holdfast/transport'
import { INVALID_STATE, unavailable } from '../endings.js'
import type { Outcome } from '../modern-call.js'

/** A state that may be used once was used before. */
export const USED: Outcome = {
  error: { code: INVALID_PARAMS, message: 'This requestState was used before', data: { reason: 'used' } }
}

/** The first call with the state was cancelled, or its answer could not be kept. */
export const UNKNOWN_END: Outcome = {
  error: {
    code: INTERNAL_ERROR,
    message: 'A call with this requestState began, and how it ended is not known. Check before you call again'
  }
}

/** The process that ran the first call with the state is gone. */
export const FIRST_GONE: Outcome = {
  error: { code: INTERNAL_ERROR, message: 'The process that ran this call has ended. Check before you call again' }
}

export const STILL_RUNNING = unavailable('A call with this requestState still runs, try again later', 5)

/** Seconds, for each failure that says nothing of the state itself. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  HOLDFAST_KEY_UNAVAILABLE: 5,
  HOLDFAST_BACKEND_UNAVAILABLE: 1,
  HOLDFAST_BACKEND_FULL: 30,
  HOLDFAST_LIMIT_REACHED: 10
}

/** The answer to a failure that may be over soon; undefined for every other. */
export function temporary (error: unknown): Outcome | undefined {
  const retryAfter = isHoldfastError(error) ? RETRY_AFTER[error.code] : undefined
  if (retryAfter === undefined) return undefined
  return unavailable('The requestState cannot be checked now, try again later', retryAfter)
}

/** Thrown at SDK v2, which then refuses the request. It has no content, because the server's `onerror` gets it. */
export class StateRefused extends Error {
  override readonly name = 'StateRefused'

  /** @param outcome what the client gets in place of the SDK's own answer */
  constructor (readonly outcome: Outcome = INVALID_STATE) {
    super('The requestState is not valid here')
  }
}
