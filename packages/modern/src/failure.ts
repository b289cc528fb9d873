import { isHoldfastError } from '@holdfast/core'
import {
  INTERNAL_ERROR, INVALID_REQUEST, type Reply, type RequestId, errorReply, failureReply, isExpected
} from '@holdfast/transport'
import type { Outcome } from './modern-call.js'

export type Failure = Extract<Outcome, { error: unknown }>

export type HttpFailure = Failure & { readonly status: number }

export const INTERNAL: HttpFailure = { error: { code: INTERNAL_ERROR, message: 'Internal error' }, status: 500 }

/**
 * How a call ends that failed with `error`: as {@link failureReply} shows it, with codes of this revision. It has no
 * sessions, so a session that is gone is a defect here.
 */
export function failureOutcome (error: unknown): HttpFailure {
  if (!isShown(error)) return INTERNAL
  const { status, headers, body } = failureReply(error, null)
  const { error: { message } } = JSON.parse(body as string)
  const retryAfter = headers['retry-after']
  return {
    error: { code: status < 500 ? INVALID_REQUEST : INTERNAL_ERROR, message },
    status,
    ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) })
  }
}

export function failedReply (id: RequestId, { error, status, retryAfter }: HttpFailure): Reply {
  return errorReply(status, id, error.code, error.message, retryAfter === undefined ? {} : { retryAfter })
}

/** Whether the client may learn of an error. Every other error is a defect, to be reported. */
export function isShown (error: unknown): boolean {
  return isExpected(error) && !(isHoldfastError(error) && failureReply(error, null).status === 404)
}
