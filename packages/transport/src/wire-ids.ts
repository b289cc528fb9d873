import { isObject } from '@holdfast/core'
import type { Message, Notification, Request, RequestId, Response } from './json-rpc.js'

/**
 * The ids that one server gives its own requests, as the client sees them: `<replica>.<n>`. The SDK counts from 0 in every new
 * server, while MCP forbids to use an id twice in a session, and an answer must find the replica that asked.
 */
export class WireIds {
  /** By number on the wire: the id that the server knows. */
  #open: Map<number, RequestId> | undefined

  /** @param next one counter for the whole replica */
  constructor (private readonly replica: string, private readonly next: () => number) {}

  /** Requests without an answer yet. */
  get size (): number { return this.#open?.size ?? 0 }

  /** Translates what the server sends. */
  outgoing (message: Message): Message {
    if (!('method' in message)) return message
    if ('id' in message) return this.#request(message)
    if (message.method === 'notifications/cancelled') return this.#cancellation(message)
    return message
  }

  /** Translates an answer; undefined when nothing waits for it. */
  answer (response: Response): Response | undefined {
    const number = this.#number(response.id)
    const id = this.#open?.get(number)
    if (id === undefined) return undefined
    this.#open?.delete(number)
    return { ...response, id }
  }

  /** Translates progress on a request of ours; undefined when that is none. */
  progress (notification: Notification): Notification | undefined {
    const id = this.#open?.get(this.#number(notification.params?.progressToken))
    return id === undefined ? undefined : { ...notification, params: { ...notification.params, progressToken: id } }
  }

  #request (request: Request): Request {
    const number = this.next()
    this.#open ??= new Map()
    this.#open.set(number, request.id)
    const id = `${this.replica}.${number}`
    const meta = request.params?._meta
    if (meta?.progressToken === undefined) return { ...request, id }
    return { ...request, id, params: { ...request.params, _meta: { ...meta, progressToken: id } } }
  }

  #cancellation (notification: Notification): Notification {
    for (const [number, id] of this.#open ?? []) {
      if (id !== notification.params?.requestId) continue
      this.#open?.delete(number)
      return { ...notification, params: { ...notification.params, requestId: `${this.replica}.${number}` } }
    }
    return notification
  }

  #number (wireId: unknown): number {
    return replicaOf(wireId) === this.replica ? Number((wireId as string).slice(this.replica.length + 1)) : NaN
  }
}

/** The replica that an id on the wire names; undefined for ids that are none of ours. */
export function replicaOf (wireId: unknown): string | undefined {
  return typeof wireId === 'string' ? /^([0-9a-f]{16})\.\d+$/.exec(wireId)?.[1] : undefined
}

/** The token of a client's progress notification, which is the id of our request. */
export function progressToken (notification: Notification): unknown {
  return isObject(notification.params) ? notification.params.progressToken : undefined
}
