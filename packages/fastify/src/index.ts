import fp from 'fastify-plugin'
import { plugin } from './plugin.js'

export type { AdminAction, Authorize } from './admin/guard.js'
export { AUDIT_EVENTS, type AuditEvent } from './audit.js'
export { METRICS, type MetricName } from './metrics/catalog.js'
export type { MetricsRegistry } from './metrics/registry.js'
export type { HoldfastOptions, ResolveAuthInfo, ResolveContext, ResolvePrincipal } from './options.js'
export { OptionsSchema } from './options.js'
export type { ConnectableServer, CreateServer, DisposeReason, HeldServer, McpSession, SharedServerOptions } from '@holdfast/transport'
export { file } from '@holdfast/core'
export type { ExportReport, Principal, RestoreReport, RotateReport, Session, Sessions, SnapshotStore } from '@holdfast/core'
export { Keyring, generateKey } from '@holdfast/envelope'
export type { KeyProvider, KeySpec, Keys } from '@holdfast/envelope'

/** Durable MCP sessions as a Fastify plugin; see the package's README for its options. */
const holdfast = fp(plugin, { fastify: '5.x', name: '@holdfast/fastify' })

export default holdfast
export { holdfast }
