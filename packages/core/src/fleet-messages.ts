import { HoldfastError } from './errors.js'
import { type Json, type JsonObject, isObject } from './json.js'
import type { RecordKey } from './record.js'

/**
 * The messages between replicas, by type. Each has these details, the key of the session or of the parked call that it
 * concerns, and the id of the sender.
 */
export interface FleetDetails {
  /** These sessions have ended. Concerns no single session. */
  gone: { keys: readonly RecordKey[], reason: 'terminated' | 'expired' }
  /** The log of a stream has grown. With `ask`, a replica that has the stream open answers `listening`. */
  wake: { stream: string, ask?: boolean }
  /** The sender has the standalone stream of the session open. */
  listening: { [detail: string]: never }
  /**
   * The sender has opened a stream, and is now the only replica that serves it. `number` counts the takeovers of the
   * sender.
   */
  takeover: { stream: string, number: number }
  /** A client's answer to a request of the server that is live at the receiver. */
  answer: { message: JsonObject }
  /** A client's notification. */
  notification: { message: JsonObject }
  /** Asks every replica for a report. Concerns no session. */
  'roll-call': { call: string, counts?: boolean }
  /** Answers a `roll-call`. Concerns no session. */
  present: { call: string, report: Json }
  /**
   * A client answers questions of a call that is parked at the receiver, and `reader` waits at the sender for what the
   * call says after `position`. `binding` names the request that the client repeats.
   */
  'call-answer': { reader: string, binding: string, position: number, answers: JsonObject }
  /** The client of a reader has gone. */
  'call-leave': { reader: string }
  /** What a parked call has said after a position, for readers at the receiver. */
  'call-said': { after: number, entries: readonly JsonObject[] }
  /** No such call is parked at the sender. */
  'call-unknown': { [detail: string]: never }
}

/** A key of {@link FleetDetails}. */
export type FleetMessageType = keyof FleetDetails

/** A message from one replica to others. */
export type FleetMessage = {
  [Type in FleetMessageType]: FleetDetails[Type] & {
    type: Type
    /** The key of the record that the message concerns, or `''`. */
    key: RecordKey
    /** The id of the sender. */
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
  takeover: ({ stream, number }) =>
    isString(stream) && Number.isSafeInteger(number) ? { stream, number: Number(number) } : undefined,
  answer: ({ message }) => isObject(message) ? { message: message as JsonObject } : undefined,
  notification: ({ message }) => isObject(message) ? { message: message as JsonObject } : undefined,
  'roll-call': ({ call, counts }) => isString(call) ? { call, ...(counts === true && { counts }) } : undefined,
  present: ({ call, report }) => isString(call) && report !== undefined ? { call, report: report as Json } : undefined,
  'call-answer': ({ reader, binding, position, answers }) =>
    isString(reader) && isString(binding) && isPosition(position) && isObject(answers)
      ? { reader, binding, position, answers: answers as JsonObject }
      : undefined,
  'call-leave': ({ reader }) => isString(reader) ? { reader } : undefined,
  'call-said': ({ after, entries }) => isPosition(after) && Array.isArray(entries) && entries.every(isObject)
    ? { after, entries: entries as JsonObject[] }
    : undefined,
  'call-unknown': () => ({})
}

/**
 * Reads a message from the bus. Undefined for a type that this version does not know, because a replica may run a newer
 * version.
 *
 * @throws HoldfastError HOLDFAST_INVALID_STATE for anything that no replica sends
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

function isPosition (value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isString (value: unknown): value is string {
  return typeof value === 'string'
}
