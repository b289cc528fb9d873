import { isObject } from '@holdfast/core'
import type { Message, Notification, Request, RequestId, Response } from '../http/json-rpc.js'
import type { Deadlines, Expiring } from './deadlines.js'

/** A request of the server that its client has not answered. */
export class Question implements Expiring {
  declare older?: Expiring | undefined
  declare newer?: Expiring | undefined
  declare since: number

  /** @param id the id that the server gave it */
  constructor (
    readonly id: RequestId,
    readonly method: string,
    private readonly expired: (question: Question) => void
  ) {}

  expire (): void {
    this.expired(this)
  }
}

/**
 * Translates the ids of one server's own requests into the ids that the client sees: `<replica>.<n>`. The SDK counts
 * from 0 in every new server, but MCP forbids an id to occur twice in a session, and an answer must find the replica
 * that asked.
 */
export class WireIds {
  /** The open questions, by their number on the wire. */
  #open: Map<number, Question> | undefined
  /** Called with a question that the client did not answer in time. The question is closed. */
  onexpired?: (question: Question) => void

  /**
   * @param next counts for the whole replica
   * @param deadlines of all questions in this process
   */
  constructor (
    private readonly replica: string,
    private readonly next: () => number,
    private readonly deadlines: Deadlines<Expiring>
  ) {}

  /** The number of open questions. */
  get size (): number { return this.#open?.size ?? 0 }

  /** Translates a message of the server. */
  outgoing (message: Message): Message {
    if (!('method' in message)) return message
    if ('id' in message) return this.#request(message)
    if (message.method === 'notifications/cancelled') return this.#cancellation(message)
    return message
  }

  /** Translates an answer; undefined when no question waits for it. */
  answer (response: Response): Response | undefined {
    const question = this.#close(this.#number(response.id))
    return question && { ...response, id: question.id }
  }

  /** Translates progress on a question; undefined when there is no such question. */
  progress (notification: Notification): Notification | undefined {
    const question = this.#open?.get(this.#number(notification.params?.progressToken))
    return question && { ...notification, params: { ...notification.params, progressToken: question.id } }
  }

  /** Gives up every question. */
  closeAll (): Question[] {
    return Array.from(this.#open?.keys() ?? [], number => this.#close(number) as Question)
  }

  #close (number: number): Question | undefined {
    const question = this.#open?.get(number)
    if (question === undefined) return undefined
    this.#open?.delete(number)
    this.deadlines.delete(question)
    return question
  }

  #request (request: Request): Request {
    const number = this.next()
    const question = new Question(request.id, request.method, () => {
      this.#close(number)
      this.onexpired?.(question)
    })
    this.#open ??= new Map()
    this.#open.set(number, question)
    this.deadlines.add(question)
    const id = `${this.replica}.${number}`
    const meta = request.params?._meta
    if (meta?.progressToken === undefined) return { ...request, id }
    return { ...request, id, params: { ...request.params, _meta: { ...meta, progressToken: id } } }
  }

  #cancellation (notification: Notification): Notification {
    for (const [number, { id }] of this.#open ?? []) {
      if (id !== notification.params?.requestId) continue
      this.#close(number)
      return { ...notification, params: { ...notification.params, requestId: `${this.replica}.${number}` } }
    }
    return notification
  }

  #number (wireId: unknown): number {
    return replicaOf(wireId) === this.replica ? Number((wireId as string).slice(this.replica.length + 1)) : NaN
  }
}

/** The replica that an id on the wire names; undefined for an id that no replica made. */
export function replicaOf (wireId: unknown): string | undefined {
  return typeof wireId === 'string' ? /^([0-9a-f]{16})\.\d+$/.exec(wireId)?.[1] : undefined
}

/** The token of a client's progress notification: the wire id of a question. */
export function progressToken (notification: Notification): unknown {
  return isObject(notification.params) ? notification.params.progressToken : undefined
}
