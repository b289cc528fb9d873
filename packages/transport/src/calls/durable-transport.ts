import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { type Message, type Notification, type RequestId, type Response, SERVER_ERROR, errorMessage, isResponse } from '../http/json-rpc.js'
import type { LogWriter } from '../streams/log-writer.js'
import { DetachedTransport, unheardAnswer } from './detached-transport.js'
import type { Exchange } from './exchange.js'
import { Pace } from './pace.js'
import type { Question, WireIds } from './wire-ids.js'

/** Questions of one session that its client has not answered. */
const MAX_QUESTIONS = 100

/**
 * The SDK's `Transport` for one live session: it carries messages between a server object and the exchanges and streams of
 * its client, and can tell the server things that no client sent.
 */
export class DurableTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  /** The server asked its client something, or a request on either side ended. */
  onchange?: () => void
  /** The server is not connected any more; what it says from now on belongs to another transport. */
  ondetached?: (after: DetachedTransport) => void
  /** The server speaks although it is not connected any more. Told once. */
  onunheard?: () => void
  /** The server threw at a message that no request of its client brought. */
  onfailed?: (error: unknown) => void
  /** The client's requests that run here. */
  readonly requests = new Map<RequestId, Exchange>()
  #asked: Map<RequestId, (response: Response) => void> | undefined
  /** No client can guess the ids of our own requests, and so take one back or answer it. */
  #secret: string | undefined
  #questions = 0
  #whenIdle: Array<() => void> = []
  #after: DetachedTransport | undefined
  readonly #pace = new Pace()

  constructor (readonly sessionId: string, readonly wireIds: WireIds, private readonly standalone: LogWriter) {
    wireIds.onexpired = question => this.#expire(question)
  }

  get isClosed (): boolean { return this.#after !== undefined }

  async start (): Promise<void> {}

  send (message: Message, options?: TransportSendOptions): Promise<void> {
    if (this.#after !== undefined) return this.#after.send(message)
    return isResponse(message) ? this.#answer(message) : this.#say(message, options)
  }

  /** Hands the server its client's answer to a question. False when nothing waits for it. */
  takeAnswer (response: Response): boolean {
    const answer = this.wireIds.answer(response)
    if (answer === undefined) return false
    try {
      this.receive(answer as Message)
    } finally {
      this.onchange?.()
    }
    return true
  }

  /** Ends the transport, as the server's own `close()` does. What still runs is answered with an error. */
  async close (): Promise<void> {
    let abandoned
    if (this.#after === undefined) {
      this.#after = new DetachedTransport(this.#pace, () => this.onunheard?.(), error => this.onfailed?.(error))
      this.stopAsking()
      abandoned = this.abandon()
      for (const question of this.wireIds.closeAll()) this.#tell(unheardAnswer(question) as Message)
    }
    // A server that was connected too late is told, too.
    const { onclose } = this
    if (onclose !== undefined) {
      delete this.onclose
      try {
        onclose()
      } finally {
        this.ondetached?.(this.#after)
      }
    }
    await abandoned
  }

  /** Answers what still runs with an error; `reply` is for those that are not streaming. Resolves once clients could resume to it. */
  async abandon (reply?: Parameters<Exchange['abandon']>[0]): Promise<void> {
    const exchanges = new Set(this.requests.values())
    this.requests.clear()
    try {
      await Promise.all(Array.from(exchanges, async exchange => await exchange.abandon(reply)))
    } finally {
      this.#settled()
    }
  }

  /** Hands the server a message of its client. */
  receive (message: Message, extra?: MessageExtraInfo): void {
    this.onmessage?.(message, extra)
  }

  /** Asks the server something on the client's behalf; the answer goes no further. */
  async ask (method: string, params: Record<string, unknown>): Promise<Response> {
    const id = `${this.#secret ??= randomBytes(16).toString('base64url')}.${++this.#questions}`
    if (this.isClosed) return errorMessage(id, SERVER_ERROR, 'the server was closed')
    return await new Promise(resolve => {
      this.#asked ??= new Map()
      this.#asked.set(id, resolve)
      this.receive({ jsonrpc: '2.0', id, method, params })
    })
  }

  /** Gives up what was {@link ask}ed. */
  stopAsking (): void {
    const asked = this.#asked
    this.#asked = undefined
    for (const [id, resolve] of asked ?? []) {
      if (!this.isClosed) this.#tell(cancelled(id, 'not answered in time'))
      resolve(errorMessage(id, SERVER_ERROR, 'the server did not answer'))
    }
  }

  /** The client takes a request back; the server has been told. */
  async cancel (id: RequestId): Promise<void> {
    const exchange = this.requests.get(id)
    try {
      await exchange?.cancel(id)
    } finally {
      this.#remove(id, exchange)
    }
  }

  /** Cancels a request in the server, and answers it with an error. */
  async expire (id: RequestId, exchange: Exchange): Promise<void> {
    // The id may be that of another request by now; this one ends all the same.
    if (this.requests.get(id) === exchange) this.#tell(cancelled(id, 'it took too long'))
    try {
      await exchange.answer(errorMessage(id, SERVER_ERROR, 'The request took too long and was cancelled; it may have run'))
    } finally {
      this.#remove(id, exchange)
    }
  }

  /** Resolves when no request of the client runs here. */
  async idle (): Promise<void> {
    if (this.requests.size > 0) await new Promise<void>(resolve => { this.#whenIdle.push(resolve) })
  }

  async #say (message: Message, options?: TransportSendOptions): Promise<void> {
    const related = options?.relatedRequestId
    const asks = 'id' in message
    const exchange = related === undefined ? asks ? this.#onlyExchange() : undefined : this.requests.get(related)
    const paced = this.#pace.next()
    if (asks && this.wireIds.size >= MAX_QUESTIONS) return await this.#refuse(message.id as RequestId)
    const translated = this.wireIds.outgoing(message)
    if (asks || (message as Notification).method === 'notifications/cancelled') this.onchange?.()
    if (exchange?.streams === true && (exchange.isHeard || !asks)) await exchange.emit(translated)
    else await this.standalone.write([JSON.stringify(translated)])
    await paced
  }

  /** A server asks more than its client answers. */
  async #refuse (id: RequestId): Promise<void> {
    await setImmediate()
    this.#tell(errorMessage(id, SERVER_ERROR, `The client has not answered ${MAX_QUESTIONS} requests`) as Message)
  }

  /** A question that names no call, while one runs, is most likely that one's: not every client listens outside of its calls. */
  #onlyExchange (): Exchange | undefined {
    let only
    for (const exchange of this.requests.values()) {
      if (only !== undefined && only !== exchange) return undefined
      only = exchange
    }
    return only
  }

  async #answer (response: Response): Promise<void> {
    const id = response.id as RequestId
    const resolve = this.#asked?.get(id)
    if (resolve !== undefined) {
      this.#asked?.delete(id)
      return resolve(response)
    }
    const exchange = this.requests.get(id)
    if (exchange === undefined) return await this.#pace.next()
    try {
      const answered = exchange.answer(response)
      if (answered !== undefined) await answered
    } finally {
      this.#remove(id, exchange)
    }
  }

  /** The client did not answer a question in time. */
  #expire ({ id }: Question): void {
    this.#tell(errorMessage(id, SERVER_ERROR, 'The client did not answer in time') as Message)
    this.onchange?.()
  }

  /** {@link receive}, where nobody waits who could hear of an error. */
  #tell (message: Message): void {
    try {
      this.receive(message)
    } catch (error) {
      this.onfailed?.(error)
    }
  }

  /** While an exchange ended, its client may have used the id again. */
  #remove (id: RequestId, exchange: Exchange | undefined): void {
    if (exchange === undefined || this.requests.get(id) !== exchange) return
    this.requests.delete(id)
    if (this.requests.size === 0) this.#settled()
  }

  #settled (): void {
    this.onchange?.()
    if (this.#whenIdle.length === 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }
}

function cancelled (requestId: RequestId, reason: string): Message {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } }
}
