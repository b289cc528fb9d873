import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import {
  DetachedTransport, type Message, type Notification, type Request, type RequestId, type Response, SERVER_ERROR,
  TurnThrottle, errorMessage, isResponse
} from '@holdfast/transport'

/** The id of the request in whose handler something runs, also after it was answered. */
const HANDLED = new AsyncLocalStorage<RequestId>()

/** What a server object says while it runs a request. No method may throw. */
export interface Running {
  /** The answer to the request. Nothing comes after it. */
  answered (response: Response): void
  /** A request of the server. */
  asked (question: Request): void
  said (notification: Notification): void
  /** The server has closed itself, so there will be no answer. */
  lost (): void
}

/**
 * The SDK's `Transport` of one server object behind the bridge. It carries one request at a time, under an id of ours
 * that never occurs twice in it. What the server says between requests is dropped.
 */
export class BridgeTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: <T extends Message>(message: T, extra?: MessageExtraInfo) => void
  /** Called when the server is disconnected. Its later messages belong to another transport. */
  ondetached?: (after: DetachedTransport) => void
  readonly #asked = new Map<RequestId, (response: Response) => void>()
  readonly #throttle = new TurnThrottle()
  #after: DetachedTransport | undefined
  #count = 0
  #running: Running | undefined
  #id: RequestId = 0

  /**
   * @param sessionId what handlers see as the id of their session
   * @param mixed whether its requests come from several owners. Then a message that names no request belongs to the
   *   request whose handler says it, and to nobody if that is over. It costs some microseconds for each request
   * @param failed called with an error that the server throws at a message nobody waits for
   */
  constructor (
    readonly sessionId: string, private readonly mixed: boolean, private readonly failed: (error: unknown) => void
  ) {}

  get isClosed (): boolean { return this.#after !== undefined }

  async start (): Promise<void> {}

  async send (message: Message, options?: TransportSendOptions): Promise<void> {
    if (this.#after !== undefined) return await this.#after.send(message)
    const throttled = this.#throttle.next()
    if (isResponse(message)) this.#answer(message)
    else if ('id' in message) this.#question(message, options?.relatedRequestId)
    else this.#notification(message, options?.relatedRequestId)
    await throttled
  }

  async close (): Promise<void> {
    if (this.#after !== undefined) return
    this.#after = new DetachedTransport(this.#throttle, () => {}, this.failed)
    for (const [id, resolve] of this.#asked) resolve(errorMessage(id, SERVER_ERROR, 'the server was closed'))
    this.#asked.clear()
    const running = this.#running
    this.#running = undefined
    try {
      this.onclose?.()
    } finally {
      this.ondetached?.(this.#after)
    }
    running?.lost()
  }

  /** Sends the server a request of the bridge itself. */
  async ask (method: string, params: Record<string, unknown>): Promise<Response> {
    const id = ++this.#count
    if (this.isClosed) return errorMessage(id, SERVER_ERROR, 'the server was closed')
    return await new Promise((resolve, reject) => {
      this.#asked.set(id, resolve)
      try {
        this.onmessage?.({ jsonrpc: '2.0', id, method, params })
      } catch (error) {
        this.#asked.delete(id)
        reject(error)
      }
    })
  }

  /** Sends the server a request of the bridge itself, whose answer says nothing that matters. */
  inform (method: string, params: Record<string, unknown>): void {
    this.tell({ jsonrpc: '2.0', id: ++this.#count, method, params })
  }

  /** Sends the server a notification, or the answer to a question. Reports what the server throws at it. */
  tell (message: Message): void {
    try {
      this.onmessage?.(message)
    } catch (error) {
      this.failed(error)
    }
  }

  /**
   * Runs a request of a client. The id of the request is replaced, and so is its progress token: both are the returned
   * id.
   *
   * @throws what the server throws at the message: it has not accepted it
   */
  run (method: string, params: Record<string, unknown>, extra: MessageExtraInfo, running: Running): RequestId {
    const id = ++this.#count
    this.#id = id
    this.#running = running
    const meta = params._meta as Record<string, unknown> | undefined
    const sent = meta?.progressToken === undefined ? params : { ...params, _meta: { ...meta, progressToken: id } }
    const message = { jsonrpc: '2.0' as const, id, method, params: sent }
    try {
      if (this.mixed) HANDLED.run(id, () => this.onmessage?.(message, extra))
      else this.onmessage?.(message, extra)
    } catch (error) {
      this.#running = undefined
      throw error
    }
    return id
  }

  /** Cancels the request that runs. MCP wants no answer to it, and none is waited for. */
  cancel (reason: string): void {
    this.#running = undefined
    this.tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: this.#id, reason } })
  }

  #answer (response: Response): void {
    const id = response.id as RequestId
    const resolve = this.#asked.get(id)
    if (resolve !== undefined) {
      this.#asked.delete(id)
      return resolve(response)
    }
    const running = this.#running
    if (running === undefined || id !== this.#id) return
    this.#running = undefined
    running.answered(response)
  }

  /** Whether a message of the server belongs to the request that runs. */
  #concerns (related: RequestId | undefined): boolean {
    return (related ?? (this.mixed ? HANDLED.getStore() : this.#id)) === this.#id
  }

  #question (question: Request, related: RequestId | undefined): void {
    if (this.#running !== undefined && this.#concerns(related)) {
      return this.#running.asked(question)
    }
    const refused = errorMessage(question.id, SERVER_ERROR, 'No request of a client runs, so nobody can answer')
    setImmediate(() => this.tell(refused))
  }

  #notification (notification: Notification, related: RequestId | undefined): void {
    if (!this.#concerns(related)) return
    const { method, params } = notification
    // The token of a request is its id: another token belongs to a request that is over.
    if (method === 'notifications/progress' && params?.progressToken !== this.#id) return
    this.#running?.said(notification)
  }
}
