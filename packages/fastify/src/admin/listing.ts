import type { Static } from 'typebox'
import { type Principal, type SessionSummary, type Sessions, milliseconds, ownerDigest } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import { decodeCursor, encodeCursor } from './cursor.js'
import { refusal } from './failures.js'
import type { ListAnswer, ListQuery } from './schemas.js'
import { clientName, entryOf } from './view.js'

/** With its default in place. */
export type Query = Static<typeof ListQuery> & { limit: number }

interface Page {
  sessions: SessionSummary[]
  cursor?: string
}

/** Sessions that one request looks at, about, when its filters let none through. */
const MOST_LOOKED_AT = 1_000

/** Answers with the first page that filters leave anything of. */
export async function list (sessions: Sessions, endpoint: Endpoint, query: Query): Promise<Static<typeof ListAnswer>> {
  const { limit, live, client, idleFor } = query
  const owner = ownerOf(sessions, query)
  const name = `${live === true ? 'live' : 'all'}:${owner ?? ''}`
  const source = live === true ? livePages(sessions, endpoint, owner, limit) : storedPages(sessions, owner, limit)
  const usedBefore = idleFor === undefined ? Infinity : Date.now() - milliseconds(idleFor, 'idleFor')
  let cursor = query.cursor === undefined ? undefined : decodeCursor(name, query.cursor)
  if (cursor === undefined && query.cursor !== undefined) throw refusal(400, 'cursor: is not of this list')
  let looked = 0
  while (true) {
    const page: Page = await source(cursor)
    const found = page.sessions.filter(session => session.usedAt < usedBefore && (client === undefined || clientName(session) === client))
    cursor = page.cursor
    looked += limit
    if (found.length > 0 || cursor === undefined || looked >= MOST_LOOKED_AT) {
      return { sessions: found.map(session => entryOf(session, endpoint)), ...(cursor !== undefined && { cursor: encodeCursor(name, cursor) }) }
    }
  }
}

function ownerOf ({ vault: { namespace } }: Sessions, { owner, subject, issuer, clientId, tenantId, perClient }: Query): string | undefined {
  if (subject === undefined) {
    if ([issuer, clientId, tenantId, perClient].every(part => part === undefined)) return owner
    throw refusal(400, 'subject: a principal has one')
  }
  if (owner !== undefined) throw refusal(400, 'owner: give a principal or the digest of an owner, not both')
  return ownerDigest(namespace, { subject, issuer, clientId, tenantId, perClient } as Principal)
}

function storedPages (sessions: Sessions, owner: string | undefined, limit: number): (cursor: string | undefined) => Promise<Page> {
  return async cursor => await sessions.list({ limit, ...(owner !== undefined && { owner }), ...(cursor !== undefined && { cursor }) })
}

/** Few enough to be sorted for each page; a cursor is the last key. */
function livePages (sessions: Sessions, endpoint: Endpoint, owner: string | undefined, limit: number): (cursor: string | undefined) => Promise<Page> {
  return async (cursor = '') => {
    const keys = [...endpoint.liveKeys].filter(key => key > cursor).sort()
    const asked = keys.slice(0, limit)
    const found = await Promise.all(asked.map(async key => await sessions.get({ key })))
    const page = found.filter(session => session !== undefined && (owner === undefined || session.owner === owner)) as SessionSummary[]
    return keys.length > limit ? { sessions: page, cursor: asked.at(-1) as string } : { sessions: page }
  }
}
