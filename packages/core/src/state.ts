import type { Json, JsonObject } from './json.js'
import type { Principal } from './principal.js'

/** What the client sent and what both agreed on: enough to bring a new server object to the same point. */
export interface Handshake {
  /** The `params` of the client's `initialize`, as they came. */
  initialize: JsonObject
  /** The version that the server answered with. */
  protocolVersion: string
  /** The client's `notifications/initialized` has arrived. */
  initialized: boolean
}

/** Requests whose effect lives in the server and is delivered again when it is activated. */
export interface Replay {
  logLevel?: string
  subscriptions: string[]
}

/** The body of a session record, before sealing. */
export interface SessionState<Data extends object = JsonObject, Context = Json> {
  schema: 1
  principal: Principal | null
  /** `clientInfo` of the handshake. */
  client: JsonObject
  handshake: Handshake
  replay: Replay
  /** The tenant's own settings and credentials. */
  context: Context
  /** What the application keeps. */
  data: Data
  /** The replica without which the session cannot go on. Absent for nearly all sessions: they go on anywhere. */
  replica?: string
}

/** What a new session starts from. */
export interface SessionInit<Data extends object = JsonObject, Context = Json> {
  principal?: Principal | null
  client?: JsonObject
  handshake?: Partial<Handshake>
  context?: Context
  data?: Data
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

/** Other members of the caller's object, such as a token, are not stored. */
function onlyParts ({ issuer, subject, clientId, tenantId, perClient }: Principal): Principal {
  return {
    subject,
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { clientId }),
    ...(tenantId !== undefined && { tenantId }),
    ...(perClient === true && { perClient })
  }
}
