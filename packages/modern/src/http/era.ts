import { isObject } from '@holdfast/core'
import { INVALID_REQUEST, type Inbound, type Reply, errorReply, header, idOf } from '@holdfast/transport'
import { VERSION_KEY } from '../meta-keys.js'
import { isRefused, metaOf, readMeta } from '../request-meta.js'
import { isLegacy, isModern, refusedVersion } from '../versions.js'

/** Who serves a request: the sessions of the revisions until 2025-11-25, or this package. */
export type Era = 'sessions' | 'modern'

export type Verb = 'POST' | 'GET' | 'DELETE'

/** Messages of a batch that are looked at. The sessions accept no more. */
const MAX_BATCH = 100

const NOT_ALLOWED = errorReply(405, null, INVALID_REQUEST, 'Method Not Allowed')
const REFUSED_VERB: Reply = { ...NOT_ALLOWED, headers: { ...NOT_ALLOWED.headers, allow: 'POST' } }

/**
 * Decides who serves a request, or refuses it. A request is modern when its `_meta` names a version that the sessions
 * do not serve, or when its header names a modern one. Ids of sessions and of events are never looked at.
 *
 * @param legacy whether the sessions are served, too
 */
export function eraOf (verb: Verb, inbound: Pick<Inbound, 'headers' | 'body'>, legacy: boolean): Era | Reply {
  const modern = isModern(header(inbound, 'mcp-protocol-version'))
  if (verb !== 'POST') return legacy && !modern ? 'sessions' : refusedVerb()
  const { body } = inbound
  if (Array.isArray(body)) return eraOfBatch(body, legacy && !modern)
  const claim = claimOf(body)
  if (isObject(body) && body.method === 'initialize') return eraOfInitialize(body, claim, inbound, legacy)
  if (claim !== undefined) return legacy && !modern && isLegacy(claim) ? 'sessions' : 'modern'
  if (modern) return 'modern'
  return legacy ? 'sessions' : withoutClaim(body, inbound)
}

/** This revision has only POST (basic/transports/streamable-http). */
export function refusedVerb (): Reply {
  return REFUSED_VERB
}

/** The version that a message names in its `_meta`, unchecked. */
function claimOf (message: unknown): unknown {
  if (!isObject(message)) return undefined
  const meta = metaOf(message.params)
  return isObject(meta) ? meta[VERSION_KEY] : undefined
}

/** Batches are an array of the sessions' era. */
function eraOfBatch (batch: readonly unknown[], legacy: boolean): Era | Reply {
  if (legacy && !batch.slice(0, MAX_BATCH).some(message => isOnlyModern(claimOf(message)))) return 'sessions'
  return errorReply(400, null, INVALID_REQUEST, 'Invalid Request: this protocol version has no batches')
}

function isOnlyModern (claim: unknown): boolean {
  return claim !== undefined && !isLegacy(claim)
}

/** `initialize` opens a session, unless it is a complete request of this revision, which has no such method. */
function eraOfInitialize (
  { id, params, method }: Record<string, unknown>, claim: unknown, inbound: Pick<Inbound, 'headers'>, legacy: boolean
): Era | Reply {
  const named = idOf({ id, method })
  if (claim !== undefined && named !== null && !isRefused(readMeta(named, params, inbound))) return 'modern'
  if (legacy) return 'sessions'
  const asked = isObject(params) ? params.protocolVersion : undefined
  return refusedVersion(named, typeof asked === 'string' ? asked : 'none')
}

/** What the sessions would serve, where they are not. A client of an earlier revision learns which one is served. */
function withoutClaim (body: unknown, inbound: Pick<Inbound, 'headers'>): Era | Reply {
  const named = header(inbound, 'mcp-protocol-version')
  const id = idOf(body)
  return named === undefined || id === null ? 'modern' : refusedVersion(id, named)
}
