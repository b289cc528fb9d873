import type { IncomingHttpHeaders } from 'node:http'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import type { Inbound } from '../http/inbound.js'

/** How a handler can end a response early, so that its client polls. */
interface StreamControl {
  interrupt (): void
  interruptStandalone (): void
}

/** What a handler learns of the request that carried its message: the v1 SDK reads `requestInfo`, v2 `request`. */
export class HandlerExtra implements MessageExtraInfo {
  readonly authInfo?: AuthInfo
  readonly closeSSEStream?: () => void
  readonly closeStandaloneSSEStream?: () => void
  readonly #inbound: Inbound

  constructor (inbound: Inbound, control?: StreamControl) {
    this.#inbound = inbound
    if (inbound.authInfo !== undefined) this.authInfo = inbound.authInfo
    if (control !== undefined) {
      this.closeSSEStream = () => control.interrupt()
      this.closeStandaloneSSEStream = () => control.interruptStandalone()
    }
  }

  get requestInfo (): RequestInfo { return new RequestInfo(this.#inbound) }

  get request (): globalThis.Request {
    const headers = new Headers()
    for (const [name, value] of Object.entries(this.#inbound.headers)) {
      // Those of HTTP/2 that begin with a colon are no headers to `Headers`.
      if (value !== undefined && !name.startsWith(':')) headers.set(name, String(value))
    }
    return new globalThis.Request(this.#inbound.url, { method: 'POST', headers })
  }
}

/** The v1 SDK takes it for every request, while hardly any handler asks for the URL. */
class RequestInfo {
  readonly headers: IncomingHttpHeaders
  readonly #inbound: Inbound

  constructor (inbound: Inbound) {
    this.headers = inbound.headers
    this.#inbound = inbound
  }

  get url (): URL { return new URL(this.#inbound.url) }
}
