import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import type { Exchange } from './exchange.js'
import { type Message, type RequestId, type Response, SERVER_ERROR, errorMessage, isResponse } from './json-rpc.js'
import type { StreamWriter } from './stream-writer.js'
import type { WireIds } from './wire-ids.js'

/**
 * The SDK's `Transport` for one live session: it carries messages between a server object and the exchanges and streams of
 * its client, and can tell the server things that no client sent.
 */
export class DurableTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  /** The last request of the client that ran here is answered. */
  onidle?: () => void
  /** The client's requests that run here. */
  readonly requests = new Map<RequestId, Exchange>()
  #asked: Map<RequestId, (response: Response) => void> | undefined
  #questions = 0
  #whenIdle: Array<() => void> = []
  #closed = false

  constructor (readonly sessionId: string, readonly wireIds: WireIds, private readonly standalone: StreamWriter) {}

  get isClosed (): boolean { return this.#closed }

  async start (): Promise<void> {}

  send (message: Message, options?: TransportSendOptions): Promise<void> {
    return isResponse(message) ? this.#answer(message) : this.#say(message, options)
  }

  /** Ends the transport, as the server's own `close()` does. What still runs is answered with an error. */
  async close (): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      for (const [id, resolve] of this.#asked ?? []) resolve(errorMessage(id, SERVER_ERROR, 'the server was closed'))
      this.#asked = undefined
      await this.abandon()
    }
    // A server that was connected too late is told, too.
    const { onclose } = this
    delete this.onclose
    onclose?.()
  }

  /** Answers what still runs with an error; `reply` is for those that are not streaming. */
  async abandon (reply?: Parameters<Exchange['abandon']>[0]): Promise<void> {
    await Promise.all(Array.from(new Set(this.requests.values()), async exchange => await exchange.abandon(reply)))
    this.requests.clear()
    this.#settled()
  }

  /** Hands the server a message of its client. */
  receive (message: Message, extra?: MessageExtraInfo): void {
    this.onmessage?.(message, extra)
  }

  /** Asks the server something on the client's behalf; the answer goes no further. */
  async ask (method: string, params: Record<string, unknown>): Promise<Response> {
    const id = `holdfast.${++this.#questions}`
    if (this.#closed) return errorMessage(id, SERVER_ERROR, 'the server was closed')
    return await new Promise(resolve => {
      this.#asked ??= new Map()
      this.#asked.set(id, resolve)
      this.receive({ jsonrpc: '2.0', id, method, params })
    })
  }

  /** The client takes a request back; the server has been told. */
  async cancel (id: RequestId): Promise<void> {
    await this.requests.get(id)?.cancel(id)
    this.#remove(id)
  }

  /** Resolves when no request of the client runs here. */
  async idle (): Promise<void> {
    if (this.requests.size > 0) await new Promise<void>(resolve => { this.#whenIdle.push(resolve) })
  }

  async #say (message: Message, options?: TransportSendOptions): Promise<void> {
    const related = options?.relatedRequestId
    const exchange = related === undefined ? undefined : this.requests.get(related)
    const translated = this.wireIds.outgoing(message)
    if (exchange?.streams === true) await exchange.emit(translated)
    else await this.standalone.write([JSON.stringify(translated)])
  }

  async #answer (response: Response): Promise<void> {
    const id = response.id as RequestId
    const resolve = this.#asked?.get(id)
    if (resolve !== undefined) {
      this.#asked?.delete(id)
      return resolve(response)
    }
    try {
      const answered = this.requests.get(id)?.answer(response)
      if (answered !== undefined) await answered
    } finally {
      this.#remove(id)
    }
  }

  #remove (id: RequestId): void {
    this.requests.delete(id)
    if (this.requests.size === 0) this.#settled()
  }

  #settled (): void {
    this.onidle?.()
    if (this.#whenIdle.length === 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }
}
