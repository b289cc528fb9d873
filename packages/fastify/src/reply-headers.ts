import type { FastifyReply } from 'fastify'

/** What the protocol rests on, and what keeps a reply that holds a session's id from being stored: nobody else's word counts. */
const OURS: ReadonlySet<string> = new Set(['content-type', 'cache-control', 'mcp-session-id'])

/** Sets the headers of a reply. What hooks of the application have set before stands. */
export function setHeaders (reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    if (OURS.has(name) || !reply.hasHeader(name)) reply.header(name, headers[name])
  }
  if (headers['cache-control'] === undefined) reply.header('cache-control', 'no-store')
}
