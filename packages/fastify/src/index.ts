import fp from 'fastify-plugin'
import { plugin } from './plugin.js'

export type { AdminAction, Authorize } from './admin/guard.js'
export { AUDIT_EVENTS, type AuditEvent } from './audit.js'
export { type DefineOptions, type ResolvedOptions, type SchemaOptions, defineHoldfast } from './define-holdfast.js'
export { METRICS, type MetricName } from './metrics/catalog.js'
export type { MetricsRegistry } from './metrics/registry.js'
export type {
  AdminOptions, ContextOptions, HoldfastOptions, LimitOptions, LiveOptions, MetricsOptions, ModernOptions,
  RenewContext, RequestStateOptions,
  ResolveAuthInfo, ResolveContext, ResolvePrincipal, ShutdownOptions, StreamOptions, ThresholdOptions, TtlOptions
} from './options.js'
export { OptionsSchema } from './options-schema.js'
export type {
  AppContext, AppData, ContextValue, CreateServer, McpSession, SessionTypes
} from './session-types.js'
export type {
  CommonServerOptions, ConnectableServer, CreatedServer, DisposeReason, HeldServer
} from '@holdfast/transport'
export { type McpCall, callOf } from '@holdfast/transport'
export type { CreateModernServer, ModernServerInit } from './eras/create-modern-server.js'
export { file, healthOf, ownerDigest } from '@holdfast/core'
export type {
  CommonHealth, Duration, EndReason, EndedSession, ExportReport, Health, OnEnd, OwnerRef, Principal, RestoreReport,
  RotateReport, Session, SessionRef, SessionSummary, Sessions, SnapshotStore
} from '@holdfast/core'
export { Keyring, generateKey } from '@holdfast/envelope'
export type { KeyProvider, KeySpec, Keys } from '@holdfast/envelope'
export { memory } from '@holdfast/memory'

/** Durable MCP sessions as a Fastify plugin; see the package's README for its options. */
const holdfast = fp(plugin, { fastify: '5.x', name: '@holdfast/fastify' })

export default holdfast
export { holdfast }
