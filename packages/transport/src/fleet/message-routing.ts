import { type JsonObject, type Session, type Sessions, isObject } from '@holdfast/core'
import type { MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'
import { progressToken, replicaOf } from '../calls/wire-ids.js'
import { type Notification, type Response, isRequestId } from '../http/json-rpc.js'
import type { LiveSession } from '../live/live-session.js'

/** Gives an answer to the server that asked. False when no question waits for it here. */
export function takeAnswer (live: LiveSession | undefined, response: Response): boolean {
  return live?.transport.takeAnswer(response) ?? false
}

/** {@link takeAnswer}, here or on the replica that the answer names. False when no question waits for it. */
export async function routeAnswer (
  sessions: Sessions,
  session: Session,
  live: LiveSession | undefined,
  response: Response
): Promise<boolean> {
  const { fleet, vault: { availability } } = sessions
  const replica = replicaOf(response.id)
  if (replica === undefined) return false
  if (replica === fleet.replica) return takeAnswer(live, response)
  return await availability.ask(() => fleet.tellReplica(replica, 'answer', session.key, {
    message: response as unknown as JsonObject
  }))
}

/** Gives a client's notification to the server object here, if there is one. */
export async function takeNotification (
  live: LiveSession | undefined,
  notification: Notification,
  extra?: MessageExtraInfo
): Promise<void> {
  if (live === undefined) return
  const { transport } = live
  if (notification.method === 'notifications/progress') {
    const translated = transport.wireIds.progress(notification)
    if (translated !== undefined) transport.receive(translated, extra)
    return
  }
  if (notification.method !== 'notifications/cancelled') return transport.receive(notification, extra)
  // A client may cancel only its own requests, and the server also has requests that Holdfast itself sent.
  const id = isObject(notification.params) ? notification.params.requestId : undefined
  if (!isRequestId(id) || !transport.requests.has(id)) return
  try {
    transport.receive(notification, extra)
  } finally {
    await transport.cancel(id)
  }
}

/**
 * {@link takeNotification}, here and on every replica that it concerns. The part that a later activation needs is
 * durable before it resolves.
 */
export async function routeNotification (
  sessions: Sessions,
  session: Session,
  live: LiveSession | undefined,
  notification: Notification,
  extra: MessageExtraInfo
): Promise<void> {
  const { fleet, vault: { availability } } = sessions
  if (notification.method === 'notifications/initialized' && !session.state.handshake.initialized) {
    await session.change(state => ({ ...state, handshake: { ...state.handshake, initialized: true } }))
  }
  await takeNotification(live, notification, extra)
  const message = notification as unknown as JsonObject
  const replica = notification.method === 'notifications/progress' ? replicaOf(progressToken(notification)) : undefined
  if (replica === undefined) await fleet.tell('notification', session.key, { message })
  else if (replica !== fleet.replica) {
    await availability.ask(() => fleet.tellReplica(replica, 'notification', session.key, { message }))
  }
}
