import { HoldfastError, InvalidOptionError } from './errors.js'
import { type Json, type JsonObject, isObject, parseJson } from './json.js'
import { type Principal, isPrincipal } from './principal.js'

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
    principal: init.principal ? onlyParts(init.principal) : null,
    client: init.client ?? {},
    handshake: { initialize: {}, protocolVersion: '', initialized: false, ...init.handshake },
    replay: { subscriptions: [] },
    context: init.context ?? null,
    data: init.data ?? {}
  }
}

/** Whatever else the caller's object holds, such as a token, is not stored. */
function onlyParts ({ issuer, subject, clientId, tenantId, perClient }: Principal): Principal {
  return {
    subject,
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { clientId }),
    ...(tenantId !== undefined && { tenantId }),
    ...(perClient === true && { perClient })
  }
}

/**
 * @param path what made the state, for the error
 * @returns the body to store, and the state as a reader will find it
 * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE
 * @throws InvalidOptionError when a reader could make nothing of it
 */
export function encodeState (given: SessionState, maxBytes: number, path: string): { body: Uint8Array, state: SessionState } {
  const body = Buffer.from(stringify(given))
  if (body.length > maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
  const state = parseJson(body)
  if (!isState(state)) throw new InvalidOptionError(path, 'the outcome is not a session: data, client and handshake are JSON objects')
  return { body, state }
}

function stringify (state: SessionState): string {
  try {
    return JSON.stringify(state)
  } catch (error) {
    // Nested too deeply, or longer than a string can be.
    throw error instanceof RangeError ? new HoldfastError('HOLDFAST_STATE_TOO_LARGE') : error
  }
}

/**
 * @returns the state, frozen
 * @throws HoldfastError HOLDFAST_INVALID_STATE
 */
export function decodeState (bytes: Uint8Array): SessionState {
  const state = parseJson(bytes)
  if (!isState(state)) throw new HoldfastError('HOLDFAST_INVALID_STATE')
  return state
}

function isState (value: unknown): value is SessionState {
  return isObject(value) && value.schema === 1 &&
    (value.principal === null || isPrincipal(value.principal)) &&
    isObject(value.client) && isObject(value.data) && value.context !== undefined &&
    isObject(value.handshake) && isObject(value.handshake.initialize) &&
    typeof value.handshake.protocolVersion === 'string' && typeof value.handshake.initialized === 'boolean' &&
    isObject(value.replay) && Array.isArray(value.replay.subscriptions) &&
    value.replay.subscriptions.every(uri => typeof uri === 'string') &&
    (value.replay.logLevel === undefined || typeof value.replay.logLevel === 'string')
}
