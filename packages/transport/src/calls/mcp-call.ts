import { inspect } from 'node:util'
import type { JsonObject, Principal } from '@holdfast/core'

/** What a handler may know of the request that it serves, in both eras of MCP. */
export interface McpCall {
  /** `sessions` for the revisions until 2025-11-25, `modern` from 2026-07-28 on. */
  readonly era: 'sessions' | 'modern'
  /** The revision of the protocol. */
  readonly version: string
  /** Who asks; null for nobody. */
  readonly principal: Principal | null
  /** What the client calls itself. Undefined when it does not say. */
  readonly client: { readonly name: string, readonly version: string } | undefined
  /** What the client can do, for this request. */
  readonly capabilities: Readonly<JsonObject>
  /** W3C trace context of the request. */
  readonly trace: { readonly traceparent: string, readonly tracestate?: string, readonly baggage?: string } | undefined
}

/** What a request of revision 2026-07-28 says of itself. */
export type RequestClaims = Pick<McpCall, 'version' | 'capabilities'> & Partial<Pick<McpCall, 'client' | 'trace'>>

/**
 * Prints what is harmless in a log: not the principal, and not what the client sends along. Without it, a log would
 * show those members only that are not read on demand.
 */
export abstract class PrintableCall implements McpCall {
  abstract readonly era: McpCall['era']
  abstract readonly version: string
  abstract readonly principal: Principal | null
  abstract readonly client: McpCall['client']
  abstract readonly capabilities: McpCall['capabilities']
  abstract readonly trace: McpCall['trace']

  toJSON (): object {
    const { era, version, client } = this
    return { era, version, ...(client !== undefined && { client: { name: client.name, version: client.version } }) }
  }

  [inspect.custom] (): string {
    return `McpCall ${inspect(this.toJSON())}`
  }
}

/** The objects that both SDKs hand through to handlers as they got them. Each knows its call. */
export abstract class HandlerRequest {
  readonly #call: McpCall

  constructor (call: McpCall) {
    this.#call = call
  }

  static callOf (given: unknown): McpCall | undefined {
    return typeof given === 'object' && given !== null && #call in given ? given.#call : undefined
  }
}

/**
 * The call that a handler serves.
 *
 * @param extra the last argument of the handler, of SDK v1 or v2
 * @throws TypeError when the handler does not serve a request of Holdfast
 */
export function callOf (extra: object): McpCall {
  const { requestInfo, http } = extra as { requestInfo?: unknown, http?: { req?: unknown } }
  const call = HandlerRequest.callOf(requestInfo) ?? HandlerRequest.callOf(http?.req)
  if (call === undefined) throw new TypeError('callOf needs the last argument of a handler that serves a request')
  return call
}
