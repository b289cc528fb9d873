import { type JsonObject, isObject } from '@holdfast/core'
import {
  HandlerExtra, type Notification, type Request, type RequestId, type Response, SERVER_ERROR, errorMessage
} from '@holdfast/transport'
import { CANCELLED_BY, EVICTED, SERVER_CLOSED, TOO_MANY_PARKED } from '../endings.js'
import { INTERNAL } from '../failure.js'
import type { ModernCall, Outcome } from '../modern-call.js'
import type { CancelReason } from '../modern-server.js'
import { RequestCall } from '../request-call.js'
import { type Attempt, tell } from '../parked/attempt.js'
import type { Answers } from '../input-responses.js'
import type { Handler, ParkedCall } from '../parked/parked-call.js'
import type { InputRequest } from '../parked/story.js'
import type { Running } from './bridge-transport.js'
import type { BridgedServer, Introduction } from './bridged-server.js'
import { failedFor } from './capability-errors.js'
import { type RequiredCapabilities, isQuestion, missingCapability, missingFor } from './client-capabilities.js'
import { ASKING, LIST_CHANGES, QUESTION_KEY, RELATED_TASK } from './names.js'
import { outcomeOf } from './results.js'
import { serverParams } from './server-request.js'
import { namingResource } from './unknown-resource.js'

/** Questions of one call. */
const MAX_QUESTIONS = 100
/** Characters of the name that a server gives a question. */
const MAX_KEY = 256

/** What a call needs of the bridge. */
export interface CallHost {
  /** Undefined at a cap. */
  park (call: ModernCall, handler: Handler, introduction: Introduction): ParkedCall | undefined
  /** The reader of the first attempt, which asks the client as soon as the first questions are stored. */
  firstAttempt (call: ModernCall, parked: ParkedCall): Attempt
  /** A name for a question that no other question has. */
  wireId (): string
  /** Gives the server back. It may serve the next call unless it is `spent`. */
  release (server: BridgedServer, spent: boolean): void
  rested (server: BridgedServer): void
  resumed (server: BridgedServer): void
}

/** One request in a server object, until the server has answered. It may outlive the client's request. */
export class BridgedCall implements Running, Handler {
  /** Settles when the request of the client is over. */
  readonly ended: Promise<void>
  #end!: () => void
  #fail!: (error: unknown) => void
  readonly #introduction: Introduction
  /** Open questions: their ids in the server by their keys. */
  readonly #questions = new Map<string, RequestId>()
  readonly #usedKeys = new Set<string>()
  /** Answers that came with the call, to questions that the server names. */
  readonly #given: Map<string, Readonly<Record<string, unknown>>>
  #parked: ParkedCall | undefined
  #first: Attempt | undefined
  #over = false
  /** The call has changed what the server lists. */
  #changed = false

  constructor (
    private readonly host: CallHost, private readonly call: ModernCall, private readonly server: BridgedServer,
    given: Answers
  ) {
    this.#given = new Map(given)
    this.#introduction = server.introduction as Introduction
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
  }

  /** @throws what the server throws at the request */
  start (): void {
    const { call, server } = this
    const { request: { method }, meta: { logLevel } } = call
    if (logLevel !== undefined && server.logLevel !== logLevel && 'logging' in this.#introduction.capabilities) {
      server.logLevel = logLevel
      server.transport.inform('logging/setLevel', { level: logLevel })
    }
    server.onevicted = () => this.#parked?.stop(EVICTED, 'its place was needed')
    try {
      const known = new RequestCall(call.meta, call.inbound.principal)
      server.transport.run(method, serverParams(call), new HandlerExtra(call.inbound, known), this)
    } catch (error) {
      this.#release(true)
      throw error
    }
  }

  /** The client's request is over before its answer. What is parked and was told to the client stays. */
  cancel (reason: CancelReason): void {
    if (this.#parked === undefined) {
      this.stop(reason)
      this.#end()
      return
    }
    if (this.#first?.leave() === true) this.#parked.stop(CANCELLED_BY[reason], reason)
  }

  answered (response: Response): void {
    const { request, meta: { capabilities } } = this.call
    const given = outcomeOf(request.method, namingResource(response, request), this.#introduction)
    const missing = failedFor(given, capabilities) ?? this.#lackedBy(given)
    this.#release(false)
    this.#finish(missing === undefined ? given : missingCapability(missing))
  }

  asked (question: Request): void {
    const { method, params = {} } = question
    const { request, meta } = this.call
    if (method === 'ping') return this.#answer({ jsonrpc: '2.0', id: question.id, result: {} })
    if (!isQuestion(method) || !ASKING.has(request.method)) {
      return this.#answer(errorMessage(question.id, SERVER_ERROR, 'The client cannot be asked this in this request'))
    }
    if (this.#usedKeys.size >= MAX_QUESTIONS) {
      return this.#answer(errorMessage(question.id, SERVER_ERROR, `A call may ask ${MAX_QUESTIONS} questions`))
    }
    if (!isJson(params)) return this.#answer(errorMessage(question.id, SERVER_ERROR, 'The question is no JSON'))
    const missing = missingFor([{ method, params }], meta.capabilities)
    if (missing !== undefined) return this.#refuse(missingCapability(missing))
    const key = this.#key(params)
    const given = this.#given.get(key)
    if (given !== undefined) return this.#answer({ jsonrpc: '2.0', id: question.id, result: given } as Response)
    const parked = this.#parked ??= this.#park()
    if (parked === undefined) return this.#refuse(TOO_MANY_PARKED)
    this.#questions.set(key, question.id)
    parked.ask(key, inputRequest(method, params))
  }

  said (notification: Notification): void {
    const { method, params = {} } = notification
    if (method === 'notifications/cancelled') return this.#withdraw(params.requestId)
    if (LIST_CHANGES.has(method) && ASKING.has(this.call.request.method)) this.#changed = true
    if (method !== 'notifications/progress' && method !== 'notifications/message') return
    const { progressToken, ...rest } = params
    const note = { method, params: rest as JsonObject }
    if (this.#parked === undefined) tell(this.call, note)
    else if (isJson(note)) this.#parked.note(note)
  }

  lost (): void {
    this.#release(true)
    this.#finish(SERVER_CLOSED)
  }

  give (key: string, result: Readonly<Record<string, unknown>>): void {
    const id = this.#questions.get(key)
    this.#questions.delete(key)
    if (id !== undefined && !this.#over) this.server.transport.tell({ jsonrpc: '2.0', id, result } as Response)
  }

  rested (): void {
    this.host.rested(this.server)
  }

  resumed (): void {
    this.host.resumed(this.server)
  }

  stop (reason: string): void {
    if (this.#over) return
    this.#over = true
    this.server.transport.cancel(reason)
    this.#release(true)
  }

  #park (): ParkedCall | undefined {
    const parked = this.host.park(this.call, this, this.#introduction)
    if (parked === undefined) return undefined
    this.call.usesStorage()
    const first = this.#first = this.host.firstAttempt(this.call, parked)
    first.ended.then(this.#end, this.#fail)
    return parked
  }

  /** Ends the call because it asks what it must not. Before anything is parked, nobody but this client knows of it. */
  #refuse (outcome: Outcome): void {
    this.stop('it cannot ask its client')
    if (this.#parked === undefined) this.#finish(outcome)
    else this.#parked.end(outcome)
  }

  /** Visits to URLs that the server demands are questions, too. */
  #lackedBy (outcome: Outcome): RequiredCapabilities | undefined {
    const asked = 'result' in outcome && outcome.result.resultType === 'input_required' && outcome.result.inputRequests
    if (!isObject(asked)) return undefined
    return missingFor(Object.values(asked as Record<string, InputRequest>), this.call.meta.capabilities)
  }

  #finish (outcome: Outcome): void {
    // Of a call that is not parked, the endpoint takes care.
    if (this.#parked !== undefined) return this.#parked.end(isJson(outcome) ? outcome : INTERNAL)
    this.call.end(outcome)
    this.#end()
  }

  #release (spent: boolean): void {
    this.#over = true
    this.server.onevicted = undefined
    // A list must not depend on earlier calls (server/tools), so the next call gets another server object.
    this.host.release(this.server, spent || this.#changed)
  }

  /** SDK v1 and v2 give up a question after a while, and say so. */
  #withdraw (id: unknown): void {
    for (const [key, question] of this.#questions) {
      if (question !== id) continue
      this.#questions.delete(key)
      this.#parked?.withdraw(key)
    }
  }

  #key (params: Readonly<Record<string, unknown>>): string {
    const wanted = isObject(params._meta) ? params._meta[QUESTION_KEY] : undefined
    const isKey = typeof wanted === 'string' && wanted !== '' && wanted.length <= MAX_KEY
    const key = isKey && !this.#usedKeys.has(wanted) ? wanted : this.host.wireId()
    this.#usedKeys.add(key)
    return key
  }

  /** In a later turn, because a server that gets its answer while it asks may ask without end. */
  #answer (response: Response): void {
    setImmediate(() => { if (!this.#over) this.server.transport.tell(response) })
  }
}

/** Servers hand over objects, which nobody has written as JSON yet. */
function isJson (value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

/** A question as the client of the new revision gets it, without what only the old one knows. */
function inputRequest (method: string, params: Readonly<Record<string, unknown>>): InputRequest {
  const { _meta: meta, task, elicitationId, ...rest } = params
  const own = Object.entries(isObject(meta) ? meta : {})
    .filter(([name]) => name !== 'progressToken' && name !== QUESTION_KEY && name !== RELATED_TASK)
  const kept = { ...rest, ...(own.length > 0 && { _meta: Object.fromEntries(own) }) } as JsonObject
  return Object.keys(kept).length > 0 ? { method, params: kept } : { method }
}
