import { isObject } from '@holdfast/core'

type Result = Readonly<Record<string, unknown>>

/** Capabilities that a client can only use with `subscriptions/listen`. */
const LISTENING = ['listChanged', 'subscribe']

/**
 * The result of `server/discover` without what is not served: a server that was made for sessions says that it tells of
 * changes, and a client that believed it would ask for `subscriptions/listen`, and wait in vain.
 */
export function withoutListening (result: Result): Result {
  const { capabilities } = result
  if (!isObject(capabilities)) return result
  const kept = Object.entries(capabilities).map(([name, settings]) => [name, without(settings)])
  return { ...result, capabilities: Object.fromEntries(kept) }
}

function without (settings: unknown): unknown {
  if (!isObject(settings) || !LISTENING.some(member => settings[member] !== undefined)) return settings
  return Object.fromEntries(Object.entries(settings).filter(([member]) => !LISTENING.includes(member)))
}
