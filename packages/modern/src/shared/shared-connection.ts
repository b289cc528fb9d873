import { HoldfastError, within } from '@holdfast/core'
import {
  type HeldServer, INTERNAL_ERROR, type Message, type Notification, type Request, type RequestId, type Response,
  SERVER_ERROR, TurnThrottle, errorMessage
} from '@holdfast/transport'
import { refusalStatus } from '../error-codes.js'
import type { Outcome } from '../modern-call.js'
import type { CancelReason } from '../modern-server.js'
import { MODERN_VERSION } from '../versions.js'
import type { Leg } from './leg.js'
import { scopeRefusal } from './scope-check.js'
import { CLASSIFICATION } from './sdk.js'
import type { ServedCall } from './served-call.js'
import { SharedExtra } from './shared-extra.js'
import type { SharedTransport, SharedTransportEvents } from './shared-transport.js'

/** A message of a server that belongs to no running call, so that nobody gets it. */
export interface Unrelated {
  /** `'answer'`: to a call that is over. `'question'`: a request of the server, which is answered with an error. */
  readonly kind: 'notification' | 'answer' | 'question'
  /** Of a notification or a question. */
  readonly method?: string
}

interface ConnectionSettings {
  readonly onUnrelated: (message: Unrelated) => void
  /** Milliseconds that a server has to close, too. */
  readonly createTimeout: number
}

const NO_QUESTIONS = `No client can be asked in revision ${MODERN_VERSION}: return inputRequired`

const CANCELLATIONS: Readonly<Record<CancelReason, string>> = {
  gone: 'The client is gone', timeout: 'The call took too long', closing: 'The server is shutting down'
}

/**
 * One server object on one connection, for all calls of a key. The server knows each call by a number of ours, so
 * equal ids of two clients never meet, and what it says goes to the call to which it belongs, or to nobody.
 */
export class SharedConnection implements Leg {
  readonly #held: HeldServer
  readonly #transport: SharedTransport
  readonly #onUnrelated: (message: Unrelated) => void
  readonly #calls = new Map<RequestId, ServedCall>()
  readonly #closeWait: number
  readonly #throttle = new TurnThrottle()
  #lastId = 0
  #closed = false
  /** The call that is on its way into the server: what answers now has run no handler. */
  #entering: ServedCall | undefined

  private constructor (
    held: HeldServer,
    Transport: new (events: SharedTransportEvents) => SharedTransport,
    { onUnrelated, createTimeout }: ConnectionSettings
  ) {
    this.#held = held
    this.#closeWait = createTimeout
    this.#onUnrelated = onUnrelated
    this.#transport = new Transport({
      sent: (message, related) => this.#sent(message, related),
      closed: () => this.#serverClosed()
    })
  }

  /** @throws what `connect` of the server throws */
  static async open (
    held: HeldServer,
    Transport: new (events: SharedTransportEvents) => SharedTransport,
    settings: ConnectionSettings
  ): Promise<SharedConnection> {
    const connection = new SharedConnection(held, Transport, settings)
    await held.server.connect(connection.#transport)
    if (connection.#transport.onmessage === undefined) {
      throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'create returned a server that does not listen')
    }
    return connection
  }

  get isClosed (): boolean { return this.#closed }

  run (served: ServedCall): void | Promise<void> {
    const { scopeChallenge } = this.#transport
    if (scopeChallenge === undefined) return this.#enter(served)
    const { request, inbound } = served.call
    const { authInfo } = inbound
    const challenge = scopeChallenge({ request, ...(authInfo !== undefined && { authInfo }) })
    if (challenge === undefined) return this.#enter(served)
    return Promise.resolve(challenge).then(challenge => {
      if (challenge !== undefined) return served.end(scopeRefusal(challenge, inbound))
      if (!served.isOver) this.#enter(served)
    })
  }

  cancel (served: ServedCall, reason: CancelReason): void {
    const id = this.#forget(served)
    if (id === undefined) return
    this.#deliver({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: id, reason: CANCELLATIONS[reason] }
    }, { classification: CLASSIFICATION })
  }

  /** Only `McpServer` can say it. It keeps the schemas until a tool changes. */
  inputSchema (tool: string): unknown {
    return (this.#held.server as { toolInputSchemaJson? (name: string): unknown }).toolInputSchemaJson?.(tool)
  }

  async close (): Promise<void> {
    const { server, dispose } = this.#held
    try {
      if (!await within(server.close(), this.#closeWait)) this.#serverClosed()
    } finally {
      await dispose?.call(this.#held, 'closing')
    }
  }

  #enter (served: ServedCall): void {
    const id = ++this.#lastId
    this.#calls.set(id, served)
    served.wireId = id
    this.#entering = served
    try {
      this.#deliver({ ...served.call.request, id }, new SharedExtra(served))
    } catch (error) {
      this.#forget(served)
      throw error
    } finally {
      this.#entering = undefined
    }
  }

  #deliver (message: Message, extra?: object): void {
    this.#transport.onmessage?.(message, extra)
  }

  #sent (message: Message, related: unknown): void | Promise<void> {
    if (!('method' in message)) return this.#answered(message as Response)
    if ('id' in message) return this.#asked(message as Request)
    this.#notified(message as Notification, related)
    return this.#throttle.next()
  }

  #answered (response: Response): void {
    const served = this.#calls.get(response.id as RequestId)
    if (served === undefined) return this.#onUnrelated({ kind: 'answer' })
    this.#forget(served)
    served.end(this.#outcome(response, served))
  }

  #outcome (response: Response, served: ServedCall): Outcome {
    if (!('error' in response)) return { result: response.result }
    const { error } = response
    const status = this.#entering === served ? refusalStatus(error.code) : undefined
    return status === undefined ? { error } : { error, status }
  }

  /** This revision has no questions outside of results, so nobody could ever answer. */
  #asked ({ id, method }: Request): void {
    this.#onUnrelated({ kind: 'question', method })
    // Later: the server may ask again as soon as it hears.
    setImmediate(() => this.#deliver(errorMessage(id, SERVER_ERROR, NO_QUESTIONS)))
  }

  #notified (notification: Notification, related: unknown): void {
    const served = this.#calls.get(related as RequestId)
    // The cancellation of a question of the server.
    if (served === undefined || notification.method === 'notifications/cancelled') {
      return this.#onUnrelated({ kind: 'notification', method: notification.method })
    }
    served.notify(notification)
  }

  #forget (served: ServedCall): number | undefined {
    const { wireId } = served
    if (wireId === undefined) return undefined
    served.wireId = undefined
    this.#calls.delete(wireId)
    return wireId
  }

  #serverClosed (): void {
    this.#closed = true
    for (const served of [...this.#calls.values()]) {
      this.#forget(served)
      served.end({ error: { code: INTERNAL_ERROR, message: 'The server was closed, try again' } })
    }
  }
}
