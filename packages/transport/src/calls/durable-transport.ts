import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import {
  type Message, type Notification, type RequestId, type Response, SERVER_ERROR, errorMessage, isResponse
} from '../http/json-rpc.js'
import type { Reply } from '../http/reply.js'
import type { LogWriter } from '../streams/log-writer.js'
import { DetachedTransport, answerOfGoneClient } from './detached-transport.js'
import { TurnThrottle } from './turn-throttle.js'
import type { Question, WireIds } from './wire-ids.js'

/** Questions of one session that its client has not answered. */
const MAX_QUESTIONS = 100

/** The requests of one POST that run in the server, as the transport sees them, until all of them are answered. */
export interface PendingCall {
  /** Whether its response can carry messages other than answers. */
  readonly streams: boolean
  /** Whether messages in its response can reach the client, now or when the client resumes the stream. */
  readonly reachesClient: boolean
  /** How many of its unanswered requests have one method. */
  count (method: string): number
  /** Sends a request or notification that belongs to it. Resolves once the message is durable. */
  emit (message: Message): Promise<void>
  /** Takes the answer to one request. Returns a promise only when the answer has to become durable. */
  answer (response: Response): Promise<void> | undefined
  /** The client cancelled a request, so MCP wants no answer to it. */
  cancel (id: RequestId): Promise<void>
  /** Gives up the unanswered requests. `reply` makes the reply of a call that is not a stream. */
  abandon (reply?: (id: RequestId) => Reply): Promise<void>
}

/**
 * The SDK's `Transport` for one live session. It carries messages between a server object and the calls and streams of
 * its client. It can also send requests to the server that do not come from the client.
 */
export class DurableTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  /** Called when the server asks its client something, or a request on either side ends. */
  onchange?: () => void
  /** Called when the server is disconnected. Its later messages belong to another transport. */
  ondetached?: (after: DetachedTransport) => void
  /** Called once, when the server sends a message although it is disconnected. */
  onunheard?: () => void
  /** Called when the server throws at a message that does not belong to a request of the client. */
  onfailed?: (error: unknown) => void
  /** The client's requests that run here. */
  readonly requests = new Map<RequestId, PendingCall>()
  #asked: Map<RequestId, (response: Response) => void> | undefined
  /** Part of the ids of Holdfast's own requests, so that a client can neither guess, cancel nor answer one. */
  #secret: string | undefined
  #questions = 0
  #whenIdle: Array<() => void> = []
  #after: DetachedTransport | undefined
  readonly #throttle = new TurnThrottle()

  constructor (readonly sessionId: string, readonly wireIds: WireIds, private readonly standalone: LogWriter) {
    wireIds.onexpired = question => this.#expire(question)
  }

  get isClosed (): boolean { return this.#after !== undefined }

  async start (): Promise<void> {}

  send (message: Message, options?: TransportSendOptions): Promise<void> {
    if (this.#after !== undefined) return this.#after.send(message)
    return isResponse(message) ? this.#answer(message) : this.#sendToClient(message, options)
  }

  /** Gives the server its client's answer to a question. False when no question waits for it. */
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

  /** Ends the transport, as the server's own `close()` does. Running requests are answered with an error. */
  async close (): Promise<void> {
    let abandoned
    if (this.#after === undefined) {
      this.#after = new DetachedTransport(this.#throttle, () => this.onunheard?.(), error => this.onfailed?.(error))
      this.stopAsking()
      abandoned = this.abandon()
      for (const question of this.wireIds.closeAll()) this.#receiveSafely(answerOfGoneClient(question) as Message)
    }
    // A server that was connected too late gets this call, too.
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

  /**
   * Answers running requests with an error. `reply` makes the reply of a call that is not a stream. Resolves once a
   * client that resumes would get the error.
   */
  async abandon (reply?: Parameters<PendingCall['abandon']>[0]): Promise<void> {
    const calls = new Set(this.requests.values())
    this.requests.clear()
    try {
      await Promise.all(Array.from(calls, async call => await call.abandon(reply)))
    } finally {
      this.#settled()
    }
  }

  /** Gives the server a message of its client. */
  receive (message: Message, extra?: MessageExtraInfo): void {
    this.onmessage?.(message, extra)
  }

  /** Sends the server a request in the name of the client. The client does not get the answer. */
  async ask (method: string, params: Record<string, unknown>): Promise<Response> {
    const id = `${this.#secret ??= randomBytes(16).toString('base64url')}.${++this.#questions}`
    if (this.isClosed) return errorMessage(id, SERVER_ERROR, 'the server was closed')
    return await new Promise(resolve => {
      this.#asked ??= new Map()
      this.#asked.set(id, resolve)
      this.receive({ jsonrpc: '2.0', id, method, params })
    })
  }

  /** Gives up every request of {@link ask}. */
  stopAsking (): void {
    const asked = this.#asked
    this.#asked = undefined
    for (const [id, resolve] of asked ?? []) {
      if (!this.isClosed) this.#receiveSafely(cancelled(id, 'not answered in time'))
      resolve(errorMessage(id, SERVER_ERROR, 'the server did not answer'))
    }
  }

  /** The client cancelled a request. The server knows it already. */
  async cancel (id: RequestId): Promise<void> {
    const call = this.requests.get(id)
    try {
      await call?.cancel(id)
    } finally {
      this.#remove(id, call)
    }
  }

  /** Cancels a request in the server, and answers it with an error. */
  async expire (id: RequestId, call: PendingCall): Promise<void> {
    // The id may belong to another request by now. This call ends nevertheless.
    if (this.requests.get(id) === call) this.#receiveSafely(cancelled(id, 'it took too long'))
    try {
      await call.answer(errorMessage(id, SERVER_ERROR, 'The request took too long and was cancelled; it may have run'))
    } finally {
      this.#remove(id, call)
    }
  }

  /** Resolves when no request of the client runs here. */
  async idle (): Promise<void> {
    if (this.requests.size > 0) await new Promise<void>(resolve => { this.#whenIdle.push(resolve) })
  }

  /** Chooses the stream for a request or notification of the server: that of a running call, or the standalone one. */
  async #sendToClient (message: Message, options?: TransportSendOptions): Promise<void> {
    const related = options?.relatedRequestId
    const asks = 'id' in message
    const call = related === undefined ? asks ? this.#onlyCall() : undefined : this.requests.get(related)
    const throttled = this.#throttle.next()
    if (asks && this.wireIds.size >= MAX_QUESTIONS) return await this.#refuse(message.id as RequestId)
    const translated = this.wireIds.outgoing(message)
    if (asks || (message as Notification).method === 'notifications/cancelled') this.onchange?.()
    if (call?.streams === true && (call.reachesClient || !asks)) await call.emit(translated)
    else await this.standalone.write([JSON.stringify(translated)])
    await throttled
  }

  /** Refuses a question, because the client has left too many unanswered. */
  async #refuse (id: RequestId): Promise<void> {
    await setImmediate()
    const error = errorMessage(id, SERVER_ERROR, `The client has not answered ${MAX_QUESTIONS} requests`)
    this.#receiveSafely(error as Message)
  }

  /**
   * The running call, if there is only one. A question that names no call most likely belongs to it, and not every
   * client listens outside of its calls.
   */
  #onlyCall (): PendingCall | undefined {
    let only
    for (const call of this.requests.values()) {
      if (only !== undefined && only !== call) return undefined
      only = call
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
    const call = this.requests.get(id)
    if (call === undefined) return await this.#throttle.next()
    try {
      const answered = call.answer(response)
      if (answered !== undefined) await answered
    } finally {
      this.#remove(id, call)
    }
  }

  /** The client did not answer a question in time. */
  #expire ({ id }: Question): void {
    this.#receiveSafely(errorMessage(id, SERVER_ERROR, 'The client did not answer in time') as Message)
    this.onchange?.()
  }

  /** {@link receive} for a caller that cannot handle an error of the server. */
  #receiveSafely (message: Message): void {
    try {
      this.receive(message)
    } catch (error) {
      this.onfailed?.(error)
    }
  }

  /** Removes a call, unless its client has used the id again meanwhile. */
  #remove (id: RequestId, call: PendingCall | undefined): void {
    if (call === undefined || this.requests.get(id) !== call) return
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
