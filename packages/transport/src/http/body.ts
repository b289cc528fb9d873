import {
  INVALID_REQUEST, MAX_BATCH, type Notification, PARSE_ERROR, type Request, type RequestId, type Response,
  idOf, isNotification, isRequest, isResponse
} from './json-rpc.js'
import { isTooDeep } from './nesting.js'
import { type Reply, errorReply } from './reply.js'

const NONE: readonly never[] = []

/** The messages of one POST, by kind. */
export interface Messages {
  requests: readonly Request[]
  notifications: readonly Notification[]
  responses: readonly Response[]
  batch: boolean
}

/** @returns the messages, or the error reply when the body is not valid */
export function readMessages (body: unknown): Messages | Reply {
  if (body === undefined) return errorReply(400, null, PARSE_ERROR, 'Parse error: the body is not JSON')
  if (isTooDeep(body)) return errorReply(400, idOf(body), INVALID_REQUEST, 'Invalid Request: the body nests too deeply')
  if (isRequest(body)) return { requests: [body], notifications: NONE, responses: NONE, batch: false }
  const batch = Array.isArray(body)
  const all: unknown[] = batch ? body : [body]
  if (all.length === 0) return errorReply(400, null, INVALID_REQUEST, 'Invalid Request: the batch is empty')
  if (all.length > MAX_BATCH) {
    return errorReply(400, null, INVALID_REQUEST, `Invalid Request: a batch may hold ${MAX_BATCH} messages`)
  }
  const requests: Request[] = []
  const notifications: Notification[] = []
  const responses: Response[] = []
  for (const message of all) {
    if (isRequest(message)) requests.push(message)
    else if (isNotification(message)) notifications.push(message)
    else if (isResponse(message)) responses.push(message)
    else return errorReply(400, idOf(message), INVALID_REQUEST, 'Invalid Request: not a JSON-RPC 2.0 message')
  }
  return { requests, notifications, responses, batch }
}

export function isReply (value: Messages | Reply): value is Reply {
  return 'status' in value
}

/** The id in an error about the whole body. */
export function soleId (messages: Messages): RequestId | null {
  return messages.batch ? null : messages.requests[0]?.id ?? null
}

export function carries (messages: Messages, method: string): boolean {
  return messages.requests.some(request => request.method === method)
}

/** The first id that occurs twice or is taken. Each request of a client needs an id of its own. */
export function repeatedId (requests: readonly Request[], isTaken: (id: RequestId) => boolean): RequestId | undefined {
  if (requests.length === 1) return isTaken((requests[0] as Request).id) ? (requests[0] as Request).id : undefined
  const seen = new Set<RequestId>()
  for (const { id } of requests) {
    if (seen.has(id) || isTaken(id)) return id
    seen.add(id)
  }
  return undefined
}
