import type { IncomingHttpHeaders } from 'node:http'
import type { Json, Principal, Session } from '@holdfast/core'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'

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
  /** Called with the session of the request, once it is found. */
  found? (session: Session): void
}

/**
 * The header as one string; undefined when it is missing. Node and proxies join repeated headers with commas. Equal
 * copies count as one.
 */
export function header (inbound: Inbound, name: string): string | undefined {
  const value = inbound.headers[name]
  if (value === undefined || (typeof value === 'string' && !value.includes(','))) return value
  const joined = Array.isArray(value) ? value.join(', ') : value
  const [first = '', ...others] = joined.split(',').map(copy => copy.trim())
  return others.every(copy => copy === first) ? first : joined
}
