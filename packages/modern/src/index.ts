export { HEADER_MISMATCH, METHOD_NOT_FOUND, MISSING_CAPABILITY, UNSUPPORTED_VERSION } from './error-codes.js'
export type { CallEnd } from './exchange.js'
export type { Era, Verb } from './http/era.js'
export {
  type CacheHint, type CacheOption, type CacheOptions, type CacheableMethod, cacheHints
} from './lists/cache-hints.js'
export type { ServerInfo } from './lists/complete-result.js'
export type { ChangedKind } from './lists/kept-lists.js'
export { failureOutcome } from './failure.js'
export type { ModernCall, Outcome } from './modern-call.js'
export { ModernEndpoint, type ModernEndpointOptions } from './modern-endpoint.js'
export type { CancelReason, ModernServer } from './modern-server.js'
export type { RequestMeta } from './request-meta.js'
export { MODERN_VERSION } from './versions.js'
