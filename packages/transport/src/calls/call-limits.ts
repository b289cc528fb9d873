import { repeatedId } from '../http/body.js'
import {
  INVALID_REQUEST, type Request, type RequestId, type Response, SERVER_ERROR, errorMessage
} from '../http/json-rpc.js'
import { type Reply, errorReply } from '../http/reply.js'
import type { LiveSession } from '../live/live-session.js'

export interface CallLimits {
  /** Maximum number of requests of one session that run in this process at the same time. */
  maxCalls: number
  /** Maximum number of resources to which one session is subscribed. */
  maxSubscriptions: number
}

const SUBSCRIBE = 'resources/subscribe'

/** The reply to requests beyond the limit of one session in this process, or with ids that are in use. */
export function refusedCalls (
  live: LiveSession,
  requests: readonly Request[],
  batch: boolean,
  { maxCalls }: CallLimits
): Reply | undefined {
  const running = live.transport.requests
  const repeated = repeatedId(requests, id => running.has(id))
  if (repeated !== undefined) {
    return errorReply(400, repeated, INVALID_REQUEST, 'Invalid Request: the request id is in use')
  }
  if (running.size + requests.length <= maxCalls) return undefined
  // Waiting would not help: the batch alone is beyond the limit.
  if (requests.length > maxCalls) {
    return errorReply(400, null, INVALID_REQUEST, `Invalid Request: a batch may hold ${maxCalls} requests`)
  }
  return tooManyCalls(batch ? null : (requests[0] as Request).id)
}

export function tooManyCalls (id: RequestId | null): Reply {
  const message = 'Too many requests of this session are running, try again'
  return errorReply(429, id, SERVER_ERROR, message, { retryAfter: 1 })
}

/** The answer to a subscription beyond the limit. Subscriptions under way count. */
export function refusedSubscription (
  live: LiveSession,
  request: Request,
  { maxSubscriptions }: CallLimits
): Response | undefined {
  if (request.method !== SUBSCRIBE) return undefined
  const { subscriptions } = live.session.state.replay
  let count = subscriptions.length
  for (const call of new Set(live.transport.requests.values())) count += call.count(SUBSCRIBE)
  // The count includes the request itself, which is under way by now.
  if (count <= maxSubscriptions || subscriptions.includes(String(request.params?.uri))) return undefined
  return errorMessage(request.id, SERVER_ERROR, `The session may be subscribed to ${maxSubscriptions} resources`)
}
