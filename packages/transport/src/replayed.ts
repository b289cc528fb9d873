import type { Replay, SessionState } from '@holdfast/core'
import type { Request } from './json-rpc.js'

type Effect = (replay: Replay, params: Record<string, unknown>) => Replay

/** Requests whose effect lives in the server object: what each leaves behind in the record. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  'logging/setLevel': (replay, { level }) => ({ ...replay, logLevel: String(level) }),
  'resources/subscribe': (replay, { uri }) => subscribe(replay, String(uri)),
  'resources/unsubscribe': (replay, { uri }) => ({ ...replay, subscriptions: replay.subscriptions.filter(other => other !== uri) })
}

/** The change that a successful request makes to the stored session, if it makes one. */
export function replayedChange (request: Request): ((state: SessionState) => SessionState) | undefined {
  const effect = Object.hasOwn(EFFECTS, request.method) ? EFFECTS[request.method] : undefined
  return effect && (state => ({ ...state, replay: effect(state.replay, request.params ?? {}) }))
}

/** The requests, without ids, that bring a server from one replayed state to another. */
export function replayRequests (from: Replay, to: Replay): Array<{ method: string, params: Record<string, string> }> {
  const requests = []
  if (to.logLevel !== undefined && to.logLevel !== from.logLevel) requests.push({ method: 'logging/setLevel', params: { level: to.logLevel } })
  for (const uri of to.subscriptions) if (!from.subscriptions.includes(uri)) requests.push({ method: 'resources/subscribe', params: { uri } })
  for (const uri of from.subscriptions) if (!to.subscriptions.includes(uri)) requests.push({ method: 'resources/unsubscribe', params: { uri } })
  return requests
}

function subscribe (replay: Replay, uri: string): Replay {
  return replay.subscriptions.includes(uri) ? replay : { ...replay, subscriptions: [...replay.subscriptions, uri] }
}
