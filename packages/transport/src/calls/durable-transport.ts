import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import {
  type Message, type Notification, type RequestId, type Response, SERVER_ERROR, errorMessage, isResponse
} from '../http/json-rpc.js'
import type { Reply } from '../http/reply.js'
import type { LogWriter } from '../streams/log-writer.js'
import { DetachedTransport, unheardAnswer } from './detached-transport.js'
import { Pace } from './turn-throttle.js'
import type { Question, WireIds } from './wire-ids.js'

/** Questions of one session that its client has not answered. */
const MAX_QUESTIONS = 100

/** What the transport needs of requests of the client that run in the server, until all of them are answered. */
export interface PendingCall {
  /** Whether messages other than answers can go out with it. */
  readonly streams: boolean
  /** Whether the client can hear of what goes out with it, now or when it resumes. */
  readonly isHeard: boolean
  /** How many of its requests that are not answered are of one method. */
  count (method: string): number
  /** Sends a request or notification that belongs to it. Resolves once it is durable. */
  emit (message: Message): Promise<void>
  /**
   * Takes the answer to one request. The promise, where there is something to wait for, resolves once it is durable.
   */
  answer (response: Response): Promise<void> | undefined
  /** The client cancelled a request: MCP wants no answer to it. */
  cancel (id: RequestId): Promise<void>
  /** Gives up what is not answered; `reply` is for a call that is not streaming. */
  abandon (reply?: (id: RequestId) => Reply): Promise<void>
}

/**
 * The SDK's `Transport` for one live session: it carries messages between a server object and the calls and streams of
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
  readonly requests = new Map<RequestId, PendingCall>()
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

  /**
   * Answers what still runs with an error; `reply` is for those that are not streaming. Resolves once clients could
   * resume to it.
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
    const call = this.requests.get(id)
    try {
      await call?.cancel(id)
    } finally {
      this.#remove(id, call)
    }
  }

  /** Cancels a request in the server, and answers it with an error. */
  async expire (id: RequestId, call: PendingCall): Promise<void> {
    // The id may be that of another request by now; this one ends all the same.
    if (this.requests.get(id) === call) this.#tell(cancelled(id, 'it took too long'))
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

  async #say (message: Message, options?: TransportSendOptions): Promise<void> {
    const related = options?.relatedRequestId
    const asks = 'id' in message
    const call = related === undefined ? asks ? this.#onlyCall() : undefined : this.requests.get(related)
    const paced = this.#pace.next()
    if (asks && this.wireIds.size >= MAX_QUESTIONS) return await this.#refuse(message.id as RequestId)
    const translated = this.wireIds.outgoing(message)
    if (asks || (message as Notification).method === 'notifications/cancelled') this.onchange?.()
    if (call?.streams === true && (call.isHeard || !asks)) await call.emit(translated)
    else await this.standalone.write([JSON.stringify(translated)])
    await paced
  }

  /** A server asks more than its client answers. */
  async #refuse (id: RequestId): Promise<void> {
    await setImmediate()
    this.#tell(errorMessage(id, SERVER_ERROR, `The client has not answered ${MAX_QUESTIONS} requests`) as Message)
  }

  /**
   * A question that names no call, while one runs, is most likely that one's: not every client listens outside of its
   * calls.
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
    if (call === undefined) return await this.#pace.next()
    try {
      const answered = call.answer(response)
      if (answered !== undefined) await answered
    } finally {
      this.#remove(id, call)
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

  /** While a call ended, its client may have used the id again. */
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
