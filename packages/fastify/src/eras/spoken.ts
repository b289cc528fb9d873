import type { FastifyRequest } from 'fastify'
import { isObject } from '@holdfast/core'
import { MODERN_VERSION, isModern } from '@holdfast/modern'
import { SUPPORTED_VERSIONS, header } from '@holdfast/transport'
import { CALL, type WithCall } from '../mcp-call.js'

/** Every revision that is served, newest first. A client can name any other one, which counts as `other`. */
export const VERSIONS: readonly string[] = [MODERN_VERSION, ...SUPPORTED_VERSIONS]

/** The era and the revision of a request. */
export interface Spoken {
  era: 'sessions' | 'modern' | 'none'
  /** One of {@link VERSIONS}, `other`, or `none`. */
  version: string
}

const NONE: Spoken = { era: 'none', version: 'none' }
const MODERN: Spoken = { era: 'modern', version: MODERN_VERSION }
const LATER: Spoken = { era: 'modern', version: 'other' }
const SESSIONS = new Map<string, Spoken>(SUPPORTED_VERSIONS.map(version => [version, { era: 'sessions', version }]))
const OTHER: Spoken = { era: 'sessions', version: 'other' }

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'

/** What a request speaks: as it was found out, else as it says. `none` for one that was refused before. */
export function spokenBy (request: FastifyRequest): Spoken {
  if ((request as WithCall)[CALL]?.era === 'modern') return MODERN
  const session = request.mcpSession
  if (session !== null) return SESSIONS.get(session.state.handshake.protocolVersion) ?? OTHER
  return claimOf(request) ?? NONE
}

/** The revision without sessions that a request says it speaks; undefined when it says no such thing. */
export function claimOf ({ headers, body }: Pick<FastifyRequest, 'headers' | 'body'>): Spoken | undefined {
  const claims = [header({ headers }, 'mcp-protocol-version'), metaOf(body)?.[VERSION_KEY]]
  const claimed = claims.find(claim => typeof claim === 'string' && isModern(claim))
  return claimed === undefined ? undefined : claimed === MODERN_VERSION ? MODERN : LATER
}

/** What a message that nobody has checked says its client is called. */
export function clientNameOf (body: unknown): unknown {
  const client = metaOf(body)?.['io.modelcontextprotocol/clientInfo']
  return isObject(client) ? client.name : undefined
}

function metaOf (body: unknown): Record<string, unknown> | undefined {
  const params = isObject(body) ? body.params : undefined
  const meta = isObject(params) ? params._meta : undefined
  return isObject(meta) ? meta : undefined
}
