import { type RequestId, SERVER_ERROR } from './json-rpc.js'
import { type Reply, errorReply } from './reply.js'

/** The differences between revisions of MCP. */
export interface Revision {
  /** Whether a body may contain several messages. */
  batches: boolean
  /** Whether clients accept an event with an id and without data. */
  priming: boolean
}

/**
 * The supported revisions, newest first. Streamable HTTP came with 2025-03-26; the SDK also accepts the two revisions
 * before it.
 */
const REVISIONS: ReadonlyMap<string, Revision> = new Map([
  ['2025-11-25', { batches: false, priming: true }],
  ['2025-06-18', { batches: false, priming: false }],
  ['2025-03-26', { batches: true, priming: false }],
  ['2024-11-05', { batches: true, priming: false }],
  ['2024-10-07', { batches: true, priming: false }]
])

/** The supported protocol versions, newest first. */
export const SUPPORTED_VERSIONS: readonly string[] = [...REVISIONS.keys()]

const UNSUPPORTED = `Bad Request: Unsupported protocol version (supported versions: ${SUPPORTED_VERSIONS.join(', ')})`

/** The version that a server assumes without other information, according to MCP 2025-06-18. */
export const ASSUMED_VERSION = '2025-03-26'

export function isSupported (version: string): boolean {
  return REVISIONS.has(version)
}

/** The features of a revision. An unknown revision counts as {@link ASSUMED_VERSION}. */
export function revision (version: string | undefined): Revision {
  return REVISIONS.get(version ?? ASSUMED_VERSION) ?? REVISIONS.get(ASSUMED_VERSION) as Revision
}

/**
 * The reply to a request of an unsupported revision. Clients look for the versions in the text, so it has the wording
 * of the SDK. With the error code of revision 2026-07-28, clients would take this for a server of that revision, which
 * has no `initialize`.
 */
export function refusedVersion (requested: unknown, id: RequestId | null): Reply | undefined {
  if (requested === undefined || (typeof requested === 'string' && isSupported(requested))) return undefined
  const data = {
    supported: SUPPORTED_VERSIONS, requested: typeof requested === 'string' ? requested.slice(0, 64) : typeof requested
  }
  return errorReply(400, id, SERVER_ERROR, UNSUPPORTED, { data })
}
