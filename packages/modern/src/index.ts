export type { ModernCall, Outcome } from './modern-call.js'
export type { CancelReason, ModernServer } from './modern-server.js'
export type { RequestMeta } from './request-meta.js'
export type { CreateSharedServer, RequestStateHook, SharedServerInit, SharedServerOptions } from './shared/options.js'
export { type SharedServer, sharedServer } from './shared/shared-server.js'
export type { Unrelated } from './shared/shared-connection.js'
export {
  type RequestStateCodec, type RequestStateOptions, requestStateCodec
} from './request-state/request-state-codec.js'
