import type { IncomingHttpHeaders } from 'node:http'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import type { Inbound } from '../http/inbound.js'
import { HandlerRequest, type McpCall } from './mcp-call.js'

/** Lets a handler end a response early, so that its client polls. */
interface StreamControl {
  interrupt (): void
  interruptStandalone (): void
}

/** Tells a handler about the HTTP request that carried its message. The v1 SDK reads `requestInfo`, v2 `request`. */
export class HandlerExtra implements MessageExtraInfo {
  readonly authInfo?: AuthInfo
  readonly closeSSEStream?: () => void
  readonly closeStandaloneSSEStream?: () => void
  readonly #inbound: Inbound
  readonly #call: McpCall
  #request: LazyRequest | undefined

  constructor (inbound: Inbound, call: McpCall, control?: StreamControl) {
    this.#inbound = inbound
    this.#call = call
    if (inbound.authInfo !== undefined) this.authInfo = inbound.authInfo
    if (control !== undefined) {
      this.closeSSEStream = () => control.interrupt()
      this.closeStandaloneSSEStream = () => control.interruptStandalone()
    }
  }

  get requestInfo (): RequestInfo { return new RequestInfo(this.#inbound, this.#call) }

  /** The same object each time, because SDK v2 reads it more than once for each message. */
  get request (): globalThis.Request {
    this.#request ??= new LazyRequest(this.#inbound, this.#call)
    return this.#request as unknown as globalThis.Request
  }
}

/** Parses the URL only on demand: the v1 SDK takes this object for every request, but few handlers read the URL. */
class RequestInfo extends HandlerRequest {
  readonly headers: IncomingHttpHeaders
  readonly #inbound: Inbound

  constructor (inbound: Inbound, call: McpCall) {
    super(call)
    this.headers = inbound.headers
    this.#inbound = inbound
  }

  get url (): URL { return new URL(this.#inbound.url) }
}

/** The parts of a web `Request` that a handler of SDK v2 can use, each made on demand. Its body has been read. */
class LazyRequest extends HandlerRequest {
  readonly method = 'POST'
  readonly #inbound: Inbound
  #headers: Headers | undefined

  constructor (inbound: Inbound, call: McpCall) {
    super(call)
    this.#inbound = inbound
  }

  get url (): string { return this.#inbound.url }

  get headers (): Headers {
    if (this.#headers !== undefined) return this.#headers
    const headers = new Headers()
    for (const [name, value] of Object.entries(this.#inbound.headers)) {
      // `Headers` refuses the pseudo-headers of HTTP/2, which begin with a colon.
      if (value !== undefined && !name.startsWith(':')) headers.set(name, String(value))
    }
    this.#headers = headers
    return headers
  }
}
