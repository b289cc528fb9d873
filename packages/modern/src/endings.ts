import { INTERNAL_ERROR, INVALID_PARAMS } from '@holdfast/transport'
import { METHOD_NOT_FOUND } from './error-codes.js'
import type { Failure, HttpFailure } from './failure.js'
import type { CancelReason } from './modern-server.js'

/** The revision does not have the method. */
export const NO_METHOD: HttpFailure = { error: { code: METHOD_NOT_FOUND, message: 'Method not found' }, status: 404 }

/** The one answer to a state that is unknown, foreign, stale, damaged, or for another request. */
export const INVALID_STATE: Failure = {
  error: {
    code: INVALID_PARAMS,
    message: 'Invalid or expired requestState',
    data: { reason: 'invalid_request_state' }
  }
}

/** The process with the handler is gone, or is about to end. */
export const OWNER_GONE = failure('The process that ran this call has ended; call again')
/** Its story is gone: storage lost it, or it made room. */
export const LOST = failure('Nothing is known of this call any more; it may have run in part')
export const CANCELLED = failure('The call was cancelled; it may have run in part')
export const TIMED_OUT = failure('The call took too long and was cancelled; it may have run in part')
/** How a call ends that was cancelled. */
export const CANCELLED_BY: Readonly<Record<CancelReason, Failure>> = {
  gone: CANCELLED, timeout: TIMED_OUT, closing: OWNER_GONE
}

export const UNANSWERED = failure('The questions of this call were not answered in time; call again')
export const EVICTED = failure('The call had to make room for other calls; call again')
export const SERVER_CLOSED = failure('The server closed itself during the call; it may have run in part')

export const TOO_MANY_CALLS = unavailable('Too many calls are running, try again', 1)
export const TOO_MANY_PARKED = unavailable('Too many calls wait for answers of their clients, try again later', 5)
export const TOO_MANY_SERVERS = unavailable('Too many servers are in use, try again later', 1)

/**
 * The end of a call that may succeed later.
 *
 * @param retryAfter seconds
 */
export function unavailable (message: string, retryAfter: number): HttpFailure {
  return { ...failure(message), status: 503, retryAfter }
}

function failure (message: string): Failure {
  return { error: { code: INTERNAL_ERROR, message } }
}
