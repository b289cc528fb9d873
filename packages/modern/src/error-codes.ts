import { INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR } from '@holdfast/transport'

/** The server does not have the method (JSON-RPC 2.0 §5.1). */
export const METHOD_NOT_FOUND = -32601
/** A header is missing, or says something else than the body (basic/transports/streamable-http). */
export const HEADER_MISMATCH = -32020
/** The request needs a capability that its client did not declare (basic/index). */
export const MISSING_CAPABILITY = -32021
/** The version of the request is not served (basic/versioning). */
export const UNSUPPORTED_VERSION = -32022

/** The HTTP status of an error, as long as the response is no stream. Every other error is a regular answer: 200. */
const STATUS: Readonly<Record<number, number>> = { [METHOD_NOT_FOUND]: 404, [MISSING_CAPABILITY]: 400 }

export function statusOf (code: number): number {
  return STATUS[code] ?? 200
}

/**
 * Statuses of errors with which a server refuses a request before it runs a handler (basic/transports/streamable-http).
 * An error of a handler with the same code is a regular answer.
 */
const REFUSALS: Readonly<Record<number, number>> = {
  [PARSE_ERROR]: 400,
  [INVALID_REQUEST]: 400,
  [INVALID_PARAMS]: 400,
  [HEADER_MISMATCH]: 400,
  [UNSUPPORTED_VERSION]: 400
}

/** Undefined for an error whose status does not depend on where it comes from. */
export function refusalStatus (code: number): number | undefined {
  return REFUSALS[code]
}

/** The server does not have the resource. Only earlier revisions have this code. */
export const RESOURCE_NOT_FOUND = -32002
/** The user must visit a URL first. Only earlier revisions have this code. */
export const URL_ELICITATION_REQUIRED = -32042

/** Codes of earlier revisions that must not be sent any more (basic/index, Error Codes), and what stands for them. */
const RETIRED: Readonly<Record<number, number>> = {
  [RESOURCE_NOT_FOUND]: INVALID_PARAMS, [URL_ELICITATION_REQUIRED]: INTERNAL_ERROR
}

export function currentCode (code: number): number {
  return RETIRED[code] ?? code
}
