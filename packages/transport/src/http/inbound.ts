import type { IncomingHttpHeaders } from 'node:http'
import type { Json, Principal, Session } from '@holdfast/core'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'

/** An HTTP request, from any framework. */
export interface Inbound {
  /** Names in lower case, as Node gives them. */
  headers: IncomingHttpHeaders
  /** Absolute. */
  url: string
  /** Who asks, as the application found out. */
  principal: Principal | null
  /** Handed to the server's handlers as the SDK does it. */
  authInfo?: AuthInfo
  /** Parsed JSON; undefined where the body is none. */
  body?: unknown
  /** What a new session keeps of its tenant; called only when one begins. */
  context? (): Json | Promise<Json>
  /** The client has gone away. */
  isGone (): boolean
  /** The session of the request is known. */
  found? (session: Session): void
}

/**
 * The header as one string; undefined when it is missing. Copies that agree are one: Node and proxies join them with
 * commas.
 */
export function header (inbound: Inbound, name: string): string | undefined {
  const value = inbound.headers[name]
  if (value === undefined || (typeof value === 'string' && !value.includes(','))) return value
  const joined = Array.isArray(value) ? value.join(', ') : value
  const [first = '', ...others] = joined.split(',').map(copy => copy.trim())
  return others.every(copy => copy === first) ? first : joined
}
