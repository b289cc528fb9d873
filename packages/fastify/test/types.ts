import Fastify from 'fastify'
import Type from 'typebox'
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Server as ServerV1 } from '@modelcontextprotocol/sdk/server/index.js'
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server'
import { memory } from '@holdfast/memory'
import holdfast, {
  type ConnectableServer, type CreateServer, type DisposeReason, type HeldServer, type HoldfastOptions, type McpSession, type OptionsSchema,
  type Principal, type ResolveAuthInfo, type ResolveContext, type ResolvePrincipal, type Session, type Sessions, type SharedServerOptions,
  holdfast as named
} from '../dist/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function assert<T extends true> (..._: T[]): void {}

const app = Fastify()
const v1: CreateServer = (_, { serverOptions }) => new McpServerV1({ name: 'x', version: '1' }, serverOptions)

// What a factory may return.
const factories: CreateServer[] = [
  v1,
  async () => new McpServerV1({ name: 'x', version: '1' }),
  () => new ServerV1({ name: 'x', version: '1' }),
  () => new McpServerV2({ name: 'x', version: '1' }),
  (_, { serverOptions }) => new McpServerV2({ name: 'x', version: '1' }, { ...serverOptions }),
  () => ({ server: new McpServerV1({ name: 'x', version: '1' }), dispose: (reason: DisposeReason) => { assert<Equal<typeof reason, 'dormant' | 'terminated' | 'expired' | 'closing'>>() } }),
  async () => ({ server: new McpServerV2({ name: 'x', version: '1' }), dispose: async () => {} })
]
// @ts-expect-error nothing is no server
const nothing: CreateServer = () => undefined
// @ts-expect-error a name is no server
const text: CreateServer = () => 'server'

// Registration, under both names, with the least and with everything.
await app.register(holdfast, { createServer: v1 })
await app.register(named, {
  createServer: v1,
  backend: memory(),
  namespace: 'x',
  path: '/x',
  principal: async request => request.headers.authorization === undefined ? null : { subject: 'x', tenantId: 'y' },
  anonymous: true,
  authInfo: request => ({ token: String(request.headers.authorization), clientId: 'x', scopes: [] }),
  context: { schema: Type.Object({ a: Type.String() }), resolve: async () => ({ a: 'x' }) },
  ttl: { idle: '30m', absolute: 1 },
  limits: { maxSessions: 1, maxPerOwner: 1, maxLive: 1, maxStateBytes: 1, evict: 'idle' },
  responseMode: 'sse',
  streamAfter: '1s',
  allowedHosts: ['a'],
  allowedOrigins: ['*']
})

// @ts-expect-error the factory is required
const noFactory: HoldfastOptions = {}
// @ts-expect-error there is no such option
const unknown: HoldfastOptions = { createServer: v1, sessions: 1 }
// @ts-expect-error there is no such mode
const mode: HoldfastOptions = { createServer: v1, responseMode: 'stream' }
// @ts-expect-error there is no such eviction
const evict: HoldfastOptions = { createServer: v1, limits: { evict: 'all' } }
// @ts-expect-error no duration
const duration: HoldfastOptions = { createServer: v1, ttl: { idle: true } }
// @ts-expect-error a principal has a subject
const principal: HoldfastOptions = { createServer: v1, principal: () => ({ tenantId: 'x' }) }
// @ts-expect-error a context is JSON
const context: HoldfastOptions = { createServer: v1, context: { resolve: () => new Date() } }
// @ts-expect-error a context must be resolved
const schemaOnly: HoldfastOptions = { createServer: v1, context: { schema: Type.String() } }

// What an application gets.
assert<Equal<typeof app.mcpSessions, Sessions>>()
app.addHook('onResponse', async request => { assert<Equal<typeof request.mcpSession, Session | null>>() })
app.mcpSessions.on('expired', ({ reason, label }) => {
  assert<Equal<typeof reason, 'idle' | 'absolute'>>()
  assert<Equal<typeof label, string>>()
})
// @ts-expect-error there is no such event
app.mcpSessions.on('exploded', () => {})

// What a factory gets.
export async function useSession (session: McpSession): Promise<void> {
  assert<Equal<typeof session.id, string>>()
  assert<Equal<typeof session.principal, Principal | null>>()
  assert<Equal<typeof session.activated, boolean>>()
  assert<Equal<ReturnType<typeof session.hold>, () => void>>()
  await session.update(data => { data.total = 1 })
  await session.update(() => ({ total: 1 }))
  // @ts-expect-error it runs more than once, so it must not be asynchronous
  await session.update(async () => ({ total: 1 }))
  // @ts-expect-error what the session keeps changes by update() only
  session.data = {}
  // @ts-expect-error who it belongs to never changes
  session.principal = null
}

assert<Equal<typeof OptionsSchema.type, 'object'>>()
export type { ConnectableServer, HeldServer, ResolveAuthInfo, ResolveContext, ResolvePrincipal, SharedServerOptions }
export { context, duration, evict, factories, mode, noFactory, nothing, principal, schemaOnly, text, unknown }
