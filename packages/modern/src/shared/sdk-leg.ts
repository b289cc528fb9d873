import { isObject } from '@holdfast/core'
import {
  HandlerExtra, type HeldServer, INTERNAL_ERROR, INVALID_REQUEST, isNotification, isResponse
} from '@holdfast/transport'
import type { Outcome } from '../modern-call.js'
import { MODERN_VERSION } from '../versions.js'
import type { Leg } from './leg.js'
import type { Sdk, SdkHandler } from './sdk.js'
import type { ServedCall } from './served-call.js'
import { sseMessages } from './sse-messages.js'

/** Serves each call with a server of its own, through the SDK's `createMcpHandler`. Correct with any SDK, and slow. */
export class SdkLeg implements Leg {
  readonly isClosed = false
  readonly #handler: SdkHandler
  readonly #running = new Map<ServedCall, AbortController>()

  /** @param create makes a server */
  constructor (sdk: Sdk, create: () => Promise<HeldServer>, private readonly onError: (error: unknown) => void) {
    const factory = async (): Promise<unknown> => this.#disposing(await create())
    this.#handler = sdk.createMcpHandler(factory, { legacy: 'reject', keepAliveMs: 0, onerror: () => {} })
  }

  async run (served: ServedCall): Promise<void> {
    const gone = new AbortController()
    this.#running.set(served, gone)
    const { request, inbound: { authInfo } } = served.call
    try {
      const response = await this.#handler.fetch(webRequest(served, gone.signal), {
        parsedBody: request, ...(authInfo !== undefined && { authInfo })
      })
      for await (const message of messagesOf(response)) {
        if (isNotification(message)) served.notify(message)
        else served.end(outcomeOf(message, response))
      }
      // The SDK has ended without an answer: nobody waits for it, or something is wrong.
      served.end({ error: { code: INTERNAL_ERROR, message: 'Internal error' }, status: 500 })
    } finally {
      this.#running.delete(served)
    }
  }

  cancel (served: ServedCall): void {
    this.#running.get(served)?.abort()
  }

  /** The SDK checks the parameter headers itself, because it alone has the server of the request. */
  inputSchema (): undefined {}

  async close (): Promise<void> {
    await this.#handler.close()
  }

  /** The server that the application made, which disposes when the SDK closes it. */
  #disposing (held: HeldServer): unknown {
    if (held.dispose === undefined) return held.server
    const inner = ((held.server as { server?: object }).server ?? held.server) as { onclose?: () => void }
    const { onclose } = inner
    inner.onclose = () => {
      onclose?.()
      const dispose = async (): Promise<void> => { await held.dispose?.('closing') }
      dispose().catch(this.onError)
    }
    return held.server
  }
}

/** The web request that the SDK reads, and hands through to the handler. */
function webRequest ({ call, handed }: ServedCall, signal: AbortSignal): globalThis.Request {
  const headers = {
    'mcp-protocol-version': MODERN_VERSION,
    'mcp-method': call.request.method,
    ...call.inbound.headers,
    'content-type': 'application/json'
  }
  return Object.assign(new HandlerExtra({ ...call.inbound, headers }, handed).request, { signal })
}

async function * messagesOf (response: globalThis.Response): AsyncGenerator<unknown> {
  if (response.body === null) return
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) yield * sseMessages(response.body)
  else yield await response.json()
}

function outcomeOf (message: unknown, { status, headers }: globalThis.Response): Outcome {
  const authenticate = headers.get('www-authenticate')
  const extra = { ...(status !== 200 && { status }), ...(authenticate !== null && { authenticate }) }
  if (isResponse(message)) return 'error' in message ? { error: message.error, ...extra } : { result: message.result }
  // The body of an OAuth challenge (RFC 6750) is no JSON-RPC.
  const description = isObject(message) ? message.error_description : undefined
  return { error: { code: INVALID_REQUEST, message: String(description ?? 'Refused') }, ...extra }
}
