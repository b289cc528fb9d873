import { type Reply, type RequestId, SUPPORTED_VERSIONS, errorReply } from '@holdfast/transport'
import { UNSUPPORTED_VERSION } from './error-codes.js'

/** The revision that this package serves. */
export const MODERN_VERSION = '2026-07-28'

/** Longest text of a client that comes back to it. */
const LONGEST_ECHO = 64

/** Whether a protocol version belongs to the revisions without sessions. They are named by dates, so they sort. */
export function isModern (version: string | undefined): boolean {
  return version !== undefined && version >= MODERN_VERSION && /^\d{4}-\d\d-\d\d$/.test(version)
}

/** Whether a protocol version is one that the sessions serve. */
export function isLegacy (version: unknown): boolean {
  return SUPPORTED_VERSIONS.includes(version as string)
}

/**
 * The error for a version that is not served (basic/versioning). It names what a request with `_meta` may name, as
 * `server/discover` does: the revisions with sessions are not chosen by a request, but agreed on by `initialize`.
 */
export function refusedVersion (id: RequestId | null, requested: string): Reply {
  const data = { supported: [MODERN_VERSION], requested: requested.slice(0, LONGEST_ECHO) }
  return errorReply(400, id, UNSUPPORTED_VERSION, 'Unsupported protocol version', { data })
}
