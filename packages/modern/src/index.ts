export { type BridgeServer, bridge } from './bridge/bridge.js'
export type { BridgeOptions } from './bridge/bridge-options.js'
export { HEADER_MISMATCH, METHOD_NOT_FOUND, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from './error-codes.js'
export type { CallEnd } from './exchange.js'
export type { Era, Verb } from './http/era.js'
export {
  type CacheHint, type CacheOption, type CacheOptions, type CacheableMethod, cacheHints
} from './lists/cache-hints.js'
export type { ServerInfo } from './lists/complete-result.js'
export type { ChangedKind } from './lists/kept-lists.js'
export { failureOutcome } from './failure.js'
export type { ParkedEvent } from './parked/parked-events.js'
export type { ModernCall, Outcome } from './modern-call.js'
export { ModernEndpoint } from './modern-endpoint.js'
export type { ModernEndpointOptions, StateOutcome } from './modern-endpoint-options.js'
export type { CancelReason, ModernServer } from './modern-server.js'
export type { RequestMeta } from './request-meta.js'
export type { CreateSharedServer, RequestStateHook, SharedServerInit, SharedServerOptions } from './shared/options.js'
export { type SharedServer, sharedServer } from './shared/shared-server.js'
export type { Unrelated } from './shared/shared-connection.js'
export {
  type RequestStateCodec, type RequestStateOptions, requestStateCodec
} from './request-state/request-state-codec.js'
export { MODERN_VERSION, isModern } from './versions.js'
