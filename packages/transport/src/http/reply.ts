import type { Readable } from 'node:stream'
import { type ErrorCode, isHoldfastError } from '@holdfast/core'
import { INTERNAL_ERROR, type RequestId, SERVER_ERROR, SESSION_NOT_FOUND, errorMessage } from './json-rpc.js'
import { escapeLineSeparators } from './line-separators.js'

/** The answer to an HTTP request, for any framework. */
export interface Reply {
  status: number
  headers: Readonly<Record<string, string>>
  /** A string is the complete body; a stream delivers the body piece by piece. */
  body: string | Readable | null
}

const EMPTY_HEADERS = { 'cache-control': 'no-store' }
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }
const STREAM_HEADERS = {
  'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no'
}

export function jsonReply (json: string): Reply {
  return { status: 200, headers: JSON_HEADERS, body: escapeLineSeparators(json) }
}

export function streamReply (body: string | Readable): Reply {
  return { status: 200, headers: STREAM_HEADERS, body }
}

export function emptyReply (status: number): Reply {
  return { status, headers: EMPTY_HEADERS, body: null }
}

/** A JSON-RPC error with an HTTP status. `retryAfter` is in seconds, `authenticate` the value of `WWW-Authenticate`. */
export function errorReply (
  status: number,
  id: RequestId | null,
  code: number,
  message: string,
  extra: { data?: unknown, retryAfter?: number, authenticate?: string } = {}
): Reply {
  const { retryAfter, authenticate } = extra
  const headers = retryAfter === undefined && authenticate === undefined
    ? JSON_HEADERS
    : {
        ...JSON_HEADERS,
        ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
        ...(authenticate !== undefined && { 'www-authenticate': authenticate })
      }
  return { status, headers, body: escapeLineSeparators(JSON.stringify(errorMessage(id, code, message, extra.data))) }
}

/** The same answer for an unknown, an expired, a terminated session, and for a session of another principal. */
export function notFoundReply (id: RequestId | null): Reply {
  return errorReply(404, id, SESSION_NOT_FOUND, 'Session not found')
}

interface Failure {
  status: number
  message: string
  /** Seconds. */
  retryAfter?: number
}

/**
 * What a client may learn about Holdfast's errors. Every other error is a defect of Holdfast or the application: 500.
 */
const FAILURES: Partial<Record<ErrorCode, Failure>> = {
  HOLDFAST_BACKEND_UNAVAILABLE: { status: 503, message: 'Session storage is unavailable, try again', retryAfter: 1 },
  HOLDFAST_KEY_UNAVAILABLE: {
    status: 503, message: 'The session cannot be opened now, try again later', retryAfter: 5
  },
  HOLDFAST_SNAPSHOT_FAILED: { status: 503, message: 'Session storage is unavailable, try again', retryAfter: 5 },
  HOLDFAST_BACKEND_FULL: { status: 503, message: 'Session storage is full, try again later', retryAfter: 30 },
  HOLDFAST_LIMIT_REACHED: { status: 503, message: 'Too many sessions, try again later', retryAfter: 10 },
  HOLDFAST_CONFLICT: { status: 503, message: 'The session is busy, try again', retryAfter: 1 },
  HOLDFAST_FACTORY_TIMEOUT: { status: 503, message: 'The server did not start in time, try again', retryAfter: 5 },
  HOLDFAST_CLOSED: { status: 503, message: 'Shutting down, try again', retryAfter: 1 },
  HOLDFAST_INVALID_CONTEXT: { status: 400, message: 'The session context is not valid' },
  HOLDFAST_STATE_TOO_LARGE: { status: 413, message: 'The session would become too large' },
  HOLDFAST_SESSION_GONE: { status: 404, message: 'Session not found' },
  HOLDFAST_INVALID_STATE: { status: 404, message: 'Session not found' }
}

/** Whether an error has a reply of its own, so that it is not a defect. */
export function isExpected (error: unknown): boolean {
  return isRefusal(error) || (isHoldfastError(error) && FAILURES[error.code] !== undefined)
}

/** Whether the application refuses a request with this error, in the way of Fastify: a `statusCode` from 400 to 499. */
function isRefusal (error: unknown): error is Error & { statusCode: number } {
  if (!(error instanceof Error) || !('statusCode' in error)) return false
  return Number.isInteger(error.statusCode) && Number(error.statusCode) >= 400 && Number(error.statusCode) < 500
}

/** The reply to a request that failed with `error`. It shows nothing of an unexpected error. */
export function failureReply (error: unknown, id: RequestId | null): Reply {
  if (isRefusal(error)) return errorReply(error.statusCode, id, SERVER_ERROR, error.message)
  const failure = isHoldfastError(error) ? FAILURES[error.code] : undefined
  if (failure === undefined) return errorReply(500, id, INTERNAL_ERROR, 'Internal error')
  if (failure.status === 404) return notFoundReply(id)
  const { status, message, retryAfter } = failure
  return errorReply(status, id, SERVER_ERROR, message, retryAfter === undefined ? {} : { retryAfter })
}
