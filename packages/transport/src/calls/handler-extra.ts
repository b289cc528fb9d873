import type { IncomingHttpHeaders } from 'node:http'
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import type { Inbound } from '../http/inbound.js'

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
      // `Headers` refuses the pseudo-headers of HTTP/2, which begin with a colon.
      if (value !== undefined && !name.startsWith(':')) headers.set(name, String(value))
    }
    return new globalThis.Request(this.#inbound.url, { method: 'POST', headers })
  }
}

/** Parses the URL only on demand: the v1 SDK takes this object for every request, but few handlers read the URL. */
class RequestInfo {
  readonly headers: IncomingHttpHeaders
  readonly #inbound: Inbound

  constructor (inbound: Inbound) {
    this.headers = inbound.headers
    this.#inbound = inbound
  }

  get url (): URL { return new URL(this.#inbound.url) }
}
