import type { IncomingHttpHeaders } from 'node:http'
import type { Json, Principal, Session } from '@holdfast/core'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { RequestClaims } from '../calls/mcp-call.js'

/** An HTTP request of any framework. */
export interface Inbound {
  /** Names in lower case, as Node gives them. */
  headers: IncomingHttpHeaders
  /** The absolute URL. */
  url: string
  /** The principal that the application has authenticated; null for nobody. */
  principal: Principal | null
  /** Given to the server's handlers in the same way as the SDK does it. */
  authInfo?: AuthInfo
  /** The parsed JSON; undefined when the body is not JSON. */
  body?: unknown
  /** Resolves the context of a new session. Called only when a session begins. */
  context? (): Json | Promise<Json>
  /** Resolves the context of a session again. Called at most once. Absent when no context can be renewed. */
  renewContext?: ((current: Json) => Json | Promise<Json>) | undefined
  /** Whether the client has closed the connection. */
  isGone (): boolean
  /** Calls `listener` once, when the client closes the connection before the reply is complete. */
  onGone? (listener: () => void): void
  /** Called with the session of the request, once it is found. */
  found? (session: Session): void
  /** Called with what a request without a session says of itself, once it has been checked. */
  known? (claims: RequestClaims): void
}

/**
 * The header as one string, without space around it; undefined when it is missing or empty. Node and proxies join
 * repeated headers with commas. Equal copies count as one, and empty copies not at all; copies that differ stay joined,
 * so they name nothing.
 */
export function header ({ headers }: Pick<Inbound, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && !value.includes(',')) return value.trim() || undefined
  const copies = String(value).split(',').map(copy => copy.trim()).filter(copy => copy !== '')
  return copies.every(copy => copy === copies[0]) ? copies[0] : copies.join(', ')
}
