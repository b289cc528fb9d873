export type { ModernCall, Outcome } from './modern-call.js'
export type { CancelReason, ModernServer } from './modern-server.js'
export type { RequestMeta } from './request-meta.js'
