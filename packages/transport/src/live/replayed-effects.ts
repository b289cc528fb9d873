import type { Replay } from '@holdfast/core'
import type { Request } from '../http/json-rpc.js'

/** The effect of a request on the record. */
export type Effect = (replay: Replay) => Replay

/** The requests whose effect lives in the server object, with their effect on the record. */
const EFFECTS: Readonly<Record<string, (replay: Replay, params: Record<string, unknown>) => Replay>> = {
  'logging/setLevel': (replay, { level }) => ({ ...replay, logLevel: String(level) }),
  'resources/subscribe': (replay, { uri }) => subscribe(replay, String(uri)),
  'resources/unsubscribe': (replay, { uri }) => ({
    ...replay, subscriptions: replay.subscriptions.filter(other => other !== uri)
  })
}

/** The effect of a successful request, if it has one. */
export function replayedEffect ({ method, params = {} }: Request): Effect | undefined {
  const effect = Object.hasOwn(EFFECTS, method) ? EFFECTS[method] : undefined
  return effect && (replay => effect(replay, params))
}

/** The requests, without ids, that bring a server from one replayed state to another. */
export function replayRequests (from: Replay, to: Replay): Array<{ method: string, params: Record<string, string> }> {
  const requests = []
  if (to.logLevel !== undefined && to.logLevel !== from.logLevel) {
    requests.push({ method: 'logging/setLevel', params: { level: to.logLevel } })
  }
  for (const uri of without(to.subscriptions, from.subscriptions)) {
    requests.push({ method: 'resources/subscribe', params: { uri } })
  }
  for (const uri of without(from.subscriptions, to.subscriptions)) {
    requests.push({ method: 'resources/unsubscribe', params: { uri } })
  }
  return requests
}

function without (uris: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others)
  return uris.filter(uri => !known.has(uri))
}

function subscribe (replay: Replay, uri: string): Replay {
  return replay.subscriptions.includes(uri) ? replay : { ...replay, subscriptions: [...replay.subscriptions, uri] }
}
