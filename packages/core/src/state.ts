import { HoldfastError, InvalidOptionError } from './errors.js'
import { type Json, type JsonObject, isObject, parseJson } from './json.js'
import { type Principal, isPrincipal } from './principal.js'
import { type Settled, settle } from './settle.js'

const WRONG_SHAPE = 'the outcome is not a session: data, client and handshake are JSON objects'

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
  const body = stateBody(given)
  if (body.length > maxBytes) throw new HoldfastError('HOLDFAST_STATE_TOO_LARGE')
  const state = parseJson(body)
  if (!isState(state)) throw new InvalidOptionError(path, WRONG_SHAPE)
  return { body, state }
}

/**
 * What one change makes of a state, without encoding the whole of it.
 *
 * @returns the state as a reader will find it, and how many bytes its body is longer than before
 * @throws HoldfastError HOLDFAST_STATE_TOO_LARGE when it is nested too deeply
 * @throws InvalidOptionError when a reader could make nothing of it
 */
export function settleState (given: unknown, before: SessionState): { state: SessionState, growth: number } {
  const { value, growth } = settled(given, before)
  if (!isState(value, before)) throw new InvalidOptionError('update', WRONG_SHAPE)
  return { state: value, growth }
}

function settled (given: unknown, before: SessionState): Settled {
  try {
    return settle(given, before as unknown as Json)
  } catch (error) {
    if (error instanceof RangeError) stringify(given)
    throw error instanceof RangeError ? new HoldfastError('HOLDFAST_STATE_TOO_LARGE') : error
  }
}

/** The body to store. */
export function stateBody (state: SessionState): Buffer {
  return Buffer.from(stringify(state))
}

function stringify (state: unknown): string {
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

/** What each part of a state is like. */
const PARTS: { readonly [Part in keyof SessionState]: (value: any) => boolean } = {
  schema: value => value === 1,
  principal: value => value === null || isPrincipal(value),
  client: isObject,
  handshake: value => isObject(value) && isObject(value.initialize) && typeof value.protocolVersion === 'string' && typeof value.initialized === 'boolean',
  replay: value => isObject(value) && Array.isArray(value.subscriptions) && value.subscriptions.every(uri => typeof uri === 'string') &&
    (value.logLevel === undefined || typeof value.logLevel === 'string'),
  context: value => value !== undefined,
  data: isObject
}

/** @param before a state whose parts need no look where they are the same */
function isState (value: unknown, before?: SessionState): value is SessionState {
  return isObject(value) && Object.entries(PARTS).every(([part, isValid]) =>
    (before !== undefined && value[part] === before[part as keyof SessionState]) || isValid(Object.hasOwn(value, part) ? value[part] : undefined))
}
