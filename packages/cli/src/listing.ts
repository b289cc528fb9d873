import type { OwnerRef, SessionSummary, Sessions } from '@holdfast/core'
import { type Io, print, proceed, say } from './io.js'
import { padded } from './output.js'
import { clientOf, shown, time, whose } from './shown.js'

/** The filter of `sessions list`. */
export interface Filter {
  owner?: OwnerRef
  /** The name of the client. */
  client?: string
  /** Milliseconds since the last use, at least. */
  idle: number
  /** Sessions at most. */
  limit: number
}

/** Prints a line per session, page by page, so that many sessions need no more memory than few. */
export async function printList (io: Io, sessions: Sessions, filter: Filter, json: boolean): Promise<void> {
  const line = json ? (session: SessionSummary) => JSON.stringify(shown(session)) : row
  if (!json) await print(io, cells('SESSION', 'USED', 'EXPIRES', 'CLIENT', 'OWNER'))
  let printed = 0
  for await (const page of pages(io, sessions, filter)) {
    const lines = page.slice(0, filter.limit - printed).map(line)
    if (lines.length > 0) await print(io, lines.join('\n'))
    printed += lines.length
    if (lines.length < page.length) return say(io, 'There are more sessions. Raise --limit to see them.')
  }
}

/** The sessions that pass the filter, page by page. */
async function * pages (io: Io, sessions: Sessions, { owner, client, idle }: Filter): AsyncGenerator<SessionSummary[]> {
  const before = Date.now() - idle
  let cursor: string | undefined
  do {
    proceed(io)
    const page = await sessions.list({ ...owner, ...cursor !== undefined && { cursor } })
    yield page.sessions.filter(
      ({ usedAt, state }) => usedAt <= before && (client === undefined || state?.client.name === client)
    )
    cursor = page.cursor
  } while (cursor !== undefined)
}

function row (summary: SessionSummary): string {
  const session = shown(summary)
  return cells(session.label, time(session.usedAt), time(session.expiresAt), clientOf(session), whose(session))
}

function cells (label: string, used: string, expires: string, client: string, owner: string): string {
  return `${label.padEnd(8)}  ${used.padEnd(20)}  ${expires.padEnd(20)}  ${padded(client, 24)}  ${owner}`
}
