import type { FastifyReply } from 'fastify'

/** Headers that hooks cannot change: the protocol needs them, and no cache may store a reply with a session's id. */
const OURS: ReadonlySet<string> = new Set(['content-type', 'cache-control', 'mcp-session-id'])

/** Sets the headers of a reply. Other headers that hooks of the application have set before stay. */
export function setHeaders (reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) {
    if (OURS.has(name) || !reply.hasHeader(name)) reply.header(name, headers[name])
  }
  if (headers['cache-control'] === undefined) reply.header('cache-control', 'no-store')
}
