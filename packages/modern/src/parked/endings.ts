import { INTERNAL_ERROR, INVALID_PARAMS } from '@holdfast/transport'
import type { Outcome } from '../modern-call.js'

/** The one answer to a state that is unknown, foreign, stale, damaged, or for another request. */
export const INVALID_STATE: Outcome = {
  error: {
    code: INVALID_PARAMS,
    message: 'Invalid or expired requestState',
    data: { reason: 'invalid_request_state' }
  }
}

/** The process with the handler is gone, or is about to end. */
export const OWNER_GONE = failure('The process that ran this call has ended; call again')
export const CANCELLED = failure('The call was cancelled; it may have run in part')
export const TIMED_OUT = failure('The call took too long and was cancelled; it may have run in part')
export const UNANSWERED = failure('The questions of this call were not answered in time; call again')
export const EVICTED = failure('The call had to make room for other calls; call again')
export const SERVER_CLOSED = failure('The server closed itself during the call; it may have run in part')

/** Seconds. */
const RETRY_AFTER = 5

/** A cap on calls that wait for answers is reached. */
export const TOO_MANY: Outcome = {
  error: { code: INTERNAL_ERROR, message: 'Too many calls wait for answers of their clients, try again later' },
  status: 503,
  retryAfter: RETRY_AFTER
}

function failure (message: string): Outcome {
  return { error: { code: INTERNAL_ERROR, message } }
}
