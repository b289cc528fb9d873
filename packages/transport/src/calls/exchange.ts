import type { Session, Sessions } from '@holdfast/core'
import type { Inbound } from '../http/inbound.js'
import { type Message, type Request, type RequestId, type Response, SERVER_ERROR } from '../http/json-rpc.js'
import { type Reply, errorReply, failureReply, jsonReply, streamReply } from '../http/reply.js'
import type { Deliver, LogWriter } from '../streams/log-writer.js'
import type { OpenStreams } from '../streams/open-streams.js'
import { eventId, messageEvent, primingEvent, retryHint } from '../streams/sse-event.js'
import { INTERRUPTED, STANDALONE, type StreamLog, interruptions } from '../streams/stream-log.js'
import type { Deadlines, Expiring, Waiting } from './deadlines.js'
import type { PendingCall } from './durable-transport.js'

/**
 * `auto`: JSON, unless the call sends a message before its result or takes long. `json`: never a stream. `sse`: always
 * a stream.
 */
export type ResponseMode = 'auto' | 'json' | 'sse'

export interface ExchangeSettings {
  responseMode: ResponseMode
  /** Milliseconds after which a call without an answer becomes a stream. */
  streamAfter: number
  /** Milliseconds after which a client reconnects. */
  retry: number
}

/** Makes the effect of a request durable before its answer is sent. May replace the answer. */
export type BeforeAnswer = (request: Request, response: Response) => Response | Promise<Response>

interface ExchangeContext {
  calls: { sessions: Sessions, log: StreamLog, streams: OpenStreams, deadlines: Deadlines<Expiring> }
  session: Session
  inbound: Inbound
  settings: ExchangeSettings
  /** Turns slow replies into streams; undefined when this reply must not become a stream. */
  slowCalls: Deadlines<Exchange> | undefined
  /** Whether the client accepts an event without data. */
  priming: boolean
  beforeAnswer: BeforeAnswer
  /** Cancels a request in the server, and answers it with an error. */
  cancelInServer: (id: RequestId, call: PendingCall) => Promise<void>
}

/** The deadline of an exchange. The exchange itself is an item of the slow calls, which have another deadline. */
class Deadline implements Expiring {
  declare older?: Expiring | undefined
  declare newer?: Expiring | undefined
  declare since: number

  constructor (private readonly exchange: Exchange) {}

  expire (): void {
    this.exchange.expire()
  }
}

/** One POST with requests, from its arrival until each request is answered. */
export class Exchange implements PendingCall, Waiting<Exchange> {
  declare older?: Exchange | undefined
  declare newer?: Exchange | undefined
  declare since: number
  /** The reply to the POST: complete as JSON, or a stream that goes on. */
  readonly reply: Promise<Reply>
  #resolve!: (reply: Reply) => void
  /** Requests without an answer. */
  #open: Request[]
  /** The answers so far, as JSON. */
  readonly #answers: string[] = []
  #phase: 'waiting' | 'streaming' | 'over' = 'waiting'
  #replied = false
  /** A message other than an answer was sent. */
  #emitted = false
  #name = ''
  #writer: LogWriter | undefined
  readonly #deadline = new Deadline(this)

  constructor (
    private readonly context: ExchangeContext,
    private readonly requests: readonly Request[],
    private readonly batch: boolean
  ) {
    this.#open = [...requests]
    this.reply = new Promise(resolve => { this.#resolve = resolve })
    context.slowCalls?.add(this)
    context.calls.deadlines.add(this.#deadline)
  }

  /** Whether this response can carry messages other than answers. */
  get streams (): boolean {
    return this.#phase !== 'over' && this.context.slowCalls !== undefined
  }

  /** Whether messages in this response can reach the client, now or when it resumes the stream. */
  get reachesClient (): boolean {
    return this.#phase === 'streaming' || !this.context.inbound.isGone()
  }

  /** How many unanswered requests have one method. */
  count (method: string): number {
    return this.#open.filter(request => request.method === method).length
  }

  /**
   * Sends a request or notification that belongs to a request of this exchange. Resolves once the message is durable.
   */
  async emit (message: Message): Promise<void> {
    // A client that never received an event of the stream cannot resume it.
    if (this.#phase === 'waiting' && this.context.inbound.isGone()) return
    this.#emitted = true
    await this.#stream([JSON.stringify(message)])
  }

  /** Takes the answer to one request. Returns a promise only when the answer has to become durable. */
  answer (response: Response): Promise<void> | undefined {
    const request = this.#open.find(({ id }) => id === response.id)
    if (request === undefined) return undefined
    const prepared = this.context.beforeAnswer(request, response)
    return prepared instanceof Promise ? this.#answerLater(request, prepared) : this.#take(request, prepared)
  }

  /** The client cancelled a request, so MCP wants no answer to it. */
  async cancel (id: RequestId): Promise<void> {
    if (!this.#close(id) || this.#open.length > 0) return
    if (this.#phase === 'streaming') await this.#stream([], true)
    else await this.#finish()
  }

  /** The requests took too long: cancels the unanswered ones. */
  expire (): void {
    const { calls, cancelInServer } = this.context
    for (const { id } of [...this.#open]) cancelInServer(id, this).catch(error => calls.sessions.report(error))
  }

  /** Turns the reply into a stream, unless there is a reply already. */
  openStream (): void {
    if (this.#phase === 'waiting' && !this.context.inbound.isGone()) void this.#stream([])
  }

  /** Ends the response, so that the client reconnects and resumes the stream. */
  interrupt (): void {
    this.openStream()
    if (this.#phase === 'streaming') void this.#stream([]).then(() => this.#interrupt(this.#name))
  }

  /** {@link interrupt} for the standalone stream. */
  interruptStandalone (): void {
    this.#interrupt(STANDALONE)
  }

  /** Gives up the unanswered requests, because the session or this replica ends. */
  async abandon (reply: (id: RequestId) => Reply = interruptedReply): Promise<void> {
    if (this.#phase === 'over') return
    const ids = this.#open.map(({ id }) => id)
    this.#open = []
    if (this.#phase === 'streaming') return await this.#stream(interruptions(ids), true)
    this.#settle(reply(ids[0] as RequestId))
  }

  async #answerLater (request: Request, preparing: Promise<Response>): Promise<void> {
    let response
    try {
      response = await preparing
    } catch (error) {
      return await this.#fail(error)
    }
    await this.#take(request, response)
  }

  #take (request: Request, response: Response): Promise<void> | undefined {
    let answer
    try {
      answer = JSON.stringify(response)
    } catch (error) {
      return this.#fail(error)
    }
    if (!this.#close(request.id) || this.#phase === 'over') return undefined
    this.#answers.push(answer)
    const last = this.#open.length === 0
    if (this.#phase === 'streaming') return this.#streamAnswer(answer, last)
    return last ? this.#finish() : undefined
  }

  /** If the log is so slow that no response has begun, and there are only answers, they do not wait for the log. */
  #streamAnswer (answer: string, last: boolean): Promise<void> | undefined {
    const written = this.#stream([answer], last)
    if (!last || this.#replied || this.#emitted) return written
    this.#settle(this.#unlogged())
    return undefined
  }

  /** False when the request was not open. */
  #close (id: RequestId): boolean {
    const index = this.#open.findIndex(request => request.id === id)
    if (index >= 0) this.#open.splice(index, 1)
    return index >= 0
  }

  #interrupt (name: string): void {
    const { calls, session } = this.context
    calls.streams.interrupt(session.key, name)
  }

  async #fail (error: unknown): Promise<void> {
    await this.abandon(id => failureReply(error, id))
    throw error
  }

  #finish (): Promise<void> | undefined {
    if (this.context.settings.responseMode === 'sse') return this.#finishAsStream(this.#answers)
    this.#settle(this.#unlogged())
    return undefined
  }

  /** A reply with all answers that is not in the log, so the client cannot resume it. */
  #unlogged (): Reply {
    if (this.context.settings.responseMode === 'sse') {
      return streamReply(this.#answers.map(answer => messageEvent(answer)).join(''))
    }
    const answers = this.#answers.join(',')
    return answers === '' ? streamReply('') : jsonReply(this.batch ? `[${answers}]` : answers)
  }

  async #stream (messages: readonly string[], end = false): Promise<void> {
    if (this.#writer === undefined) {
      const { calls: { log }, session } = this.context
      this.#phase = 'streaming'
      this.context.slowCalls?.delete(this)
      this.#name = log.begin()
      const deliver: Deliver = (first, written, ended) => this.#deliver(first, written, ended)
      this.#writer = log.writer(session, this.#name, deliver, this.requests.map(({ id }) => id))
      if (!end) messages = [...this.#answers, ...messages]
    }
    if (end) this.#end()
    await this.#writer.write(messages, end)
  }

  #deliver (first: number | undefined, messages: readonly string[], ended: boolean): void {
    const { calls: { log, streams }, session, priming } = this.context
    if (ended) log.end(this.#name)
    if (this.#replied) {
      streams.deliver(session.key, this.#name, first, messages, ended)
      return
    }
    this.#replied = true
    const stream = streams.attach(session, this.#name, first === undefined ? 0 : first - 1, priming)
    if (first === undefined) stream.offerUnlogged(messages, ended)
    else stream.offer(first, messages, ended)
    this.#resolve(streamReply(stream))
  }

  /** A stream that is complete at its beginning needs neither a writer nor an open response. */
  async #finishAsStream (messages: readonly string[]): Promise<void> {
    this.#end()
    const { calls: { log }, session, priming, settings } = this.context
    const name = log.name()
    const last = await log.append({ key: session.key, name }, messages, { end: true })
    if (last === undefined) return this.#settle(this.#unlogged())
    const start = last - messages.length
    const events = messages.map((message, index) => messageEvent(message, eventId(name, start + index + 1)))
    const beginning = priming ? primingEvent(eventId(name, start), settings.retry) : retryHint(settings.retry)
    this.#settle(streamReply(beginning + events.join('')))
  }

  #settle (reply: Reply): void {
    this.#end()
    this.#replied = true
    this.context.slowCalls?.delete(this)
    this.#resolve(reply)
  }

  #end (): void {
    this.#phase = 'over'
    this.context.calls.deadlines.delete(this.#deadline)
  }
}

function interruptedReply (id: RequestId): Reply {
  return errorReply(503, id, SERVER_ERROR, INTERRUPTED, { retryAfter: 1 })
}
