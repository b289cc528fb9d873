export { Availability } from './availability.js'
export type {
  AppendOptions, Backend, Bus, BusListener, Created, EventLog, LogEntry, Presence, RecordLimits, RecordStore, StreamPage, StreamRef
} from './backend.js'
export { BoundCodec, type Codec, type Place, plain } from './codec.js'
export { type Duration, milliseconds } from './duration.js'
export { Emitter, type Listener } from './emitter.js'
export { ERROR_CODES, type ErrorCode, HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
export { Fleet, type FleetMessage } from './fleet.js'
export { type Json, type JsonObject, isObject } from './json.js'
export { isSessionId, keyLabel, mintSessionId, ownerDigest, ownerTag, recordKey } from './key.js'
export { type Principal, isPrincipal, samePrincipal } from './principal.js'
export { type NewRecord, type RecordKey, type StoredRecord, expiresAt, isExpired } from './record.js'
export { type DataChange, Session, type SessionStore } from './session.js'
export {
  type EndReason, Sessions, type SessionEvents, type SessionNotice, type SessionsOptions, type SessionSummary
} from './sessions.js'
export type { Handshake, Replay, SessionInit, SessionState } from './state.js'
export { Sweeper } from './sweeper.js'
