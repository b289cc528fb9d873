import { HoldfastError } from './errors.js'
import { type Json, type JsonObject, freeze, isObject } from './json.js'
import type { Principal } from './principal.js'

/** What the client said of itself and what was agreed: enough to bring a server up to the same point again. */
export interface Handshake {
  /** The `params` of the client's `initialize`, as they came. */
  initialize: JsonObject
  /** The version that the server answered with. */
  protocolVersion: string
  /** The client's `notifications/initialized` has arrived. */
  initialized: boolean
}

/** Requests whose effect lives in the server and is delivered again on restore. */
export interface Replay {
  logLevel?: string
  subscriptions: string[]
}

/** The body of a session record, before sealing. */
export interface SessionState {
  schema: 1
  principal: Principal | null
  /** `clientInfo` of the handshake. */
  client: JsonObject
  handshake: Handshake
  replay: Replay
  /** The tenant's own settings and credentials. */
  context: Json
  /** What the application keeps. */
  data: JsonObject
}

/** What a new session starts from. */
export interface SessionInit {
  principal?: Principal | null
  client?: JsonObject
  handshake?: Partial<Handshake>
  context?: Json
  data?: JsonObject
}

export function initialState (init: SessionInit): SessionState {
  return {
    schema: 1,
    principal: init.principal ?? null,
    client: init.client ?? {},
    handshake: { initialize: {}, protocolVersion: '', initialized: false, ...init.handshake },
    replay: { subscriptions: [] },
    context: init.context ?? null,
    data: init.data ?? {}
  }
}

export function encodeState (state: SessionState): Uint8Array {
  return Buffer.from(JSON.stringify(state))
}

/**
 * @returns the state, frozen
 * @throws HoldfastError HOLDFAST_INVALID_STATE
 */
export function decodeState (bytes: Uint8Array): SessionState {
  const state = parse(bytes)
  if (!isState(state)) throw new HoldfastError('HOLDFAST_INVALID_STATE')
  return freeze(state)
}

function parse (bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch {
    // The parser's own message quotes what it read, which may be a credential.
    throw new HoldfastError('HOLDFAST_INVALID_STATE')
  }
}

function isState (value: unknown): value is SessionState {
  return isObject(value) && value.schema === 1 &&
    (value.principal === null || (isObject(value.principal) && typeof value.principal.subject === 'string')) &&
    isObject(value.client) && isObject(value.data) && value.context !== undefined &&
    isObject(value.handshake) && isObject(value.handshake.initialize) &&
    typeof value.handshake.protocolVersion === 'string' && typeof value.handshake.initialized === 'boolean' &&
    isObject(value.replay) && Array.isArray(value.replay.subscriptions) &&
    value.replay.subscriptions.every(uri => typeof uri === 'string') &&
    (value.replay.logLevel === undefined || typeof value.replay.logLevel === 'string')
}
