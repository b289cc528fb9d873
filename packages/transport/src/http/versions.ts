import { type RequestId, SERVER_ERROR } from './json-rpc.js'
import { type Reply, errorReply } from './reply.js'

/** What differs between revisions of MCP. */
export interface Revision {
  /** Several messages in one body. */
  batches: boolean
  /** An event that carries an id and no data. */
  priming: boolean
}

/**
 * The revisions that are spoken here, newest first. Streamable HTTP came with 2025-03-26; the SDK agrees to the two
 * before it, too.
 */
const REVISIONS: ReadonlyMap<string, Revision> = new Map([
  ['2025-11-25', { batches: false, priming: true }],
  ['2025-06-18', { batches: false, priming: false }],
  ['2025-03-26', { batches: true, priming: false }],
  ['2024-11-05', { batches: true, priming: false }],
  ['2024-10-07', { batches: true, priming: false }]
])

/** The protocol versions that are spoken here, newest first. */
export const SUPPORTED_VERSIONS: readonly string[] = [...REVISIONS.keys()]

const UNSUPPORTED = `Bad Request: Unsupported protocol version (supported versions: ${SUPPORTED_VERSIONS.join(', ')})`

/** MCP 2025-06-18: what a server assumes when it knows nothing better. */
export const ASSUMED = '2025-03-26'

export function isSupported (version: string): boolean {
  return REVISIONS.has(version)
}

/** What a revision allows; an unknown one is treated as the version that MCP tells servers to assume. */
export function revision (version: string | undefined): Revision {
  return REVISIONS.get(version ?? ASSUMED) ?? REVISIONS.get(ASSUMED) as Revision
}

/**
 * The reply to a request of a revision that is not spoken here. Clients look for the versions in the text, as the SDK
 * writes it. The code of 2026-07-28 would make them take this for a server of that revision, which knows no
 * `initialize`.
 */
export function refusedVersion (requested: unknown, id: RequestId | null): Reply | undefined {
  if (requested === undefined || (typeof requested === 'string' && isSupported(requested))) return undefined
  const data = {
    supported: SUPPORTED_VERSIONS, requested: typeof requested === 'string' ? requested.slice(0, 64) : typeof requested
  }
  return errorReply(400, id, SERVER_ERROR, UNSUPPORTED, { data })
}
