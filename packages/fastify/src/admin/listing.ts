import type { Static } from 'typebox'
import { type Principal, type SessionSummary, type Sessions, milliseconds, ownerDigest } from '@holdfast/core'
import type { Endpoint } from '@holdfast/transport'
import { decodeCursor, encodeCursor } from './cursor.js'
import { refusal } from './failures.js'
import type { ListAnswer, ListQuery } from './schemas.js'
import { clientName, entryOf } from './view.js'

/** A query with its default filled in. */
export type Query = Static<typeof ListQuery> & { limit: number }

interface Page {
  sessions: SessionSummary[]
  cursor?: string
}

type Pages = (cursor: string | undefined) => Promise<Page>

/** Sessions, about, that one request reads while its filters match none. */
const MAX_READ = 1_000

/** Answers with the first page on which the filters match a session. */
export async function list (sessions: Sessions, endpoint: Endpoint, query: Query): Promise<Static<typeof ListAnswer>> {
  const { limit, live, client, idleFor } = query
  const owner = ownerOf(sessions, query)
  const name = `${live === true ? 'live' : 'all'}:${owner ?? ''}`
  const source = live === true ? livePages(sessions, endpoint, owner, limit) : storedPages(sessions, owner, limit)
  const usedBefore = idleFor === undefined ? Infinity : Date.now() - milliseconds(idleFor, 'idleFor')
  let cursor = query.cursor === undefined ? undefined : decodeCursor(name, query.cursor)
  if (cursor === undefined && query.cursor !== undefined) throw refusal(400, 'cursor: does not belong to this list')
  const matches = (session: SessionSummary): boolean =>
    session.usedAt < usedBefore && (client === undefined || clientName(session) === client)
  let read = 0
  while (true) {
    const page: Page = await source(cursor)
    const found = page.sessions.filter(matches)
    cursor = page.cursor
    read += limit
    if (found.length > 0 || cursor === undefined || read >= MAX_READ) {
      const entries = found.map(session => entryOf(session, endpoint))
      return { sessions: entries, ...(cursor !== undefined && { cursor: encodeCursor(name, cursor) }) }
    }
  }
}

function ownerOf ({ vault: { namespace } }: Sessions, query: Query): string | undefined {
  const { owner, subject, issuer, clientId, tenantId, perClient } = query
  if (subject === undefined) {
    if ([issuer, clientId, tenantId, perClient].every(part => part === undefined)) return owner
    throw refusal(400, 'subject: is missing; every principal has one')
  }
  if (owner !== undefined) throw refusal(400, 'owner: give a principal or the digest of an owner, not both')
  return ownerDigest(namespace, { subject, issuer, clientId, tenantId, perClient } as Principal)
}

function storedPages (sessions: Sessions, owner: string | undefined, limit: number): Pages {
  return async cursor => await sessions.list({
    limit, ...(owner !== undefined && { owner }), ...(cursor !== undefined && { cursor })
  })
}

/** Live sessions are few, so they are sorted for each page. A cursor is the last key. */
function livePages (sessions: Sessions, endpoint: Endpoint, owner: string | undefined, limit: number): Pages {
  return async (cursor = '') => {
    const keys = [...endpoint.liveKeys].filter(key => key > cursor).sort()
    const pageKeys = keys.slice(0, limit)
    const found = await Promise.all(pageKeys.map(async key => await sessions.get({ key })))
    const page = found.filter((session): session is SessionSummary =>
      session !== undefined && (owner === undefined || session.owner === owner))
    return keys.length > limit ? { sessions: page, cursor: pageKeys.at(-1) as string } : { sessions: page }
  }
}
