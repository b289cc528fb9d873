import fp from 'fastify-plugin'
import { plugin } from './plugin.js'

export type { HoldfastOptions, ResolveAuthInfo, ResolveContext, ResolvePrincipal } from './options.js'
export { OptionsSchema } from './options.js'
export type { ConnectableServer, CreateServer, DisposeReason, HeldServer, McpSession, SharedServerOptions } from '@holdfast/transport'
export type { Principal, Session, Sessions } from '@holdfast/core'

/** Durable MCP sessions as a Fastify plugin; see the package's README for its options. */
const holdfast = fp(plugin, { fastify: '5.x', name: '@holdfast/fastify' })

export default holdfast
export { holdfast }
