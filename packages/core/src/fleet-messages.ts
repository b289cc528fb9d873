import { HoldfastError } from './errors.js'
import { type Json, type JsonObject, isObject } from './json.js'
import type { RecordKey } from './record.js'

/**
 * What replicas say to each other, by type: the details beside the key of the session that it is about
 * and the replica that says it.
 */
export interface FleetDetails {
  /** These sessions have ended. About no session in particular. */
  gone: { keys: readonly RecordKey[], reason: 'terminated' | 'expired' }
  /** The log of a stream has grown. With `ask`, a replica that has the stream open says so. */
  wake: { stream: string, ask?: boolean }
  /** The sender has the standalone stream of the session open. */
  listening: { [detail: string]: never }
  /**
   * The sender has opened a stream, and is the only one that serves it now. `claim` counts the takeovers of the sender.
   */
  takeover: { stream: string, claim: number }
  /** A client's answer to a request of a server that is live at the receiver. */
  answer: { message: JsonObject }
  /** A client's notification. */
  notification: { message: JsonObject }
  /** Asks every replica how it is. About no session. */
  'roll-call': { call: string }
  /** Answers a `roll-call`. About no session. */
  present: { call: string, report: Json }
}

/** A key of {@link FleetDetails}. */
export type FleetMessageType = keyof FleetDetails

/** What one replica says to others. */
export type FleetMessage = {
  [Type in FleetMessageType]: FleetDetails[Type] & {
    type: Type
    /** The session that it is about, or `''`. */
    key: RecordKey
    /** The replica that says it. */
    from: string
  }
}[FleetMessageType]

const PARSERS: {
  readonly [Type in FleetMessageType]: (given: Record<string, unknown>) => FleetDetails[Type] | undefined
} = {
  gone: ({ keys, reason }) =>
    Array.isArray(keys) && keys.every(isString) && (reason === 'terminated' || reason === 'expired')
      ? { keys, reason }
      : undefined,
  wake: ({ stream, ask }) => isString(stream) ? { stream, ...(ask === true && { ask }) } : undefined,
  listening: () => ({}),
  takeover: ({ stream, claim }) =>
    isString(stream) && Number.isSafeInteger(claim) ? { stream, claim: Number(claim) } : undefined,
  answer: ({ message }) => isObject(message) ? { message: message as JsonObject } : undefined,
  notification: ({ message }) => isObject(message) ? { message: message as JsonObject } : undefined,
  'roll-call': ({ call }) => isString(call) ? { call } : undefined,
  present: ({ call, report }) => isString(call) && report !== undefined ? { call, report: report as Json } : undefined
}

/**
 * Reads what came over the bus. Undefined for a type that this version does not know: a newer
 * one may be running beside it.
 *
 * @throws HoldfastError HOLDFAST_INVALID_STATE for anything that no replica says
 */
export function readMessage (value: unknown): FleetMessage | undefined {
  if (!isObject(value) || !isString(value.type) || !isString(value.key) || !isString(value.from)) throw unreadable()
  const { type, key, from } = value
  if (!Object.hasOwn(PARSERS, type)) return undefined
  const details = PARSERS[type as FleetMessageType](value)
  if (details === undefined) throw unreadable()
  return { ...details, type, key, from } as FleetMessage
}

function unreadable (): HoldfastError {
  return new HoldfastError('HOLDFAST_INVALID_STATE', 'A message on the bus cannot be read.')
}

function isString (value: unknown): value is string {
  return typeof value === 'string'
}
