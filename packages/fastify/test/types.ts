import Fastify, { type FastifyTypeProviderDefault } from 'fastify'
import { pino } from 'pino'
import Type, { type Static } from 'typebox'
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Server as ServerV1 } from '@modelcontextprotocol/sdk/server/index.js'
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server'
import { memory } from '@holdfast/memory'
import holdfast, {
  type AppContext, type AppData, type CommonServerOptions, type ConnectableServer, type ContextValue,
  type CreateServer, type DisposeReason, type HeldServer, type HoldfastOptions, type McpSession, type OptionsSchema,
  type Principal, type ResolveAuthInfo, type ResolveContext, type ResolvePrincipal, type Session, type Sessions,
  defineHoldfast, holdfast as named
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
  () => ({
    server: new McpServerV1({ name: 'x', version: '1' }),
    dispose: (reason: DisposeReason) => {
      assert<Equal<typeof reason, 'dormant' | 'terminated' | 'expired' | 'closing'>>()
    }
  }),
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
  limits: { maxSessions: 1, maxPerOwner: 1, maxStateBytes: 1, evict: 'idle' },
  responseMode: 'sse',
  streams: { after: '1s', retry: 1_000 },
  live: { max: 1, idle: '1m' },
  shutdown: { delay: '5s', timeout: 10_000 },
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

// An unset variable is an error at the start, not of the compiler.
export const fromEnvironment: HoldfastOptions = { createServer: v1, keys: process.env.HOLDFAST_KEYS }
export const nobody: HoldfastOptions = { createServer: v1, principal: () => null, authInfo: () => null }

// What an application gets that declares nothing.
assert<Equal<typeof app.mcpSessions, Sessions<AppData, AppContext>>>()
assert<Equal<AppData, Record<string, any>>>()
assert<Equal<AppContext, ContextValue>>()
app.addHook('onResponse', async request => {
  assert<Equal<typeof request.mcpSession, Session<AppData, AppContext> | null>>()
})
app.mcpSessions.on('expired', async event => {
  assert<Equal<typeof event.reason, 'idle' | 'absolute'>>()
  assert<Equal<typeof event.label, string>>()
  await app.mcpSessions.terminate(event)
})
// @ts-expect-error there is no such event
app.mcpSessions.on('exploded', () => {})
const { sessions } = await app.mcpSessions.list({ principal: { subject: 'x' }, limit: 1 })
for (const session of sessions) await app.mcpSessions.terminate(session)
await app.mcpSessions.terminateAll({ principal: { subject: 'x' } })
// @ts-expect-error a principal alone does not say what it is for
await app.mcpSessions.terminateAll({ subject: 'x' })
// @ts-expect-error nobody is not an owner
await app.mcpSessions.terminateAll({ principal: null })

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

// Typed sessions. Interfaces fit, though they have no index signature.
interface Cart { items: string[], total?: number }
interface Tenant { apiUrl: string, region: 'eu' | 'us' }
export async function useCart (session: McpSession<Cart, Tenant>): Promise<void> {
  assert<Equal<typeof session.data, Readonly<Cart>>>()
  assert<Equal<typeof session.context, Tenant>>()
  const { items }: Readonly<Cart> = await session.update(draft => {
    assert<Equal<typeof draft, Cart>>()
    draft.items.push('x')
  })
  items satisfies string[]
  await session.update(draft => ({ ...draft, total: 1 }))
  // @ts-expect-error there is no such member
  await session.update(draft => { draft.price = 1 })
  // @ts-expect-error a cart has items
  await session.update(() => ({ total: 1 }))
  // @ts-expect-error it must not be asynchronous
  await session.update(async draft => draft)
  // @ts-expect-error data changes by update() only
  session.data.total = 1
}
const forCarts: CreateServer<Cart, Tenant> = session => {
  void useCart(session)
  return new McpServerV1({ name: session.context.region, version: '1' })
}
const tenant: ResolveContext<Tenant> = (): Tenant => ({ apiUrl: 'x', region: 'eu' })
await app.register(holdfast, { createServer: forCarts, context: { resolve: tenant } })
await app.register(holdfast, {
  createServer: (session: McpSession<Cart, Tenant>) => new McpServerV1({ name: session.context.apiUrl, version: '1' })
})

// The schema says what the context is.
const schema = Type.Object({ apiUrl: Type.String(), region: Type.Union([Type.Literal('eu'), Type.Literal('us')]) })
await app.register(holdfast, defineHoldfast({
  context: { schema, resolve: async () => ({ apiUrl: 'x', region: 'eu' as const }) },
  createServer: session => {
    assert<Equal<typeof session.context, { apiUrl: string, region: 'eu' | 'us' }>>()
    assert<Equal<typeof session.data, Readonly<AppData>>>()
    return new McpServerV1({ name: session.context.apiUrl, version: '1' })
  }
}))
// An interface fits the schema, and the order does not matter.
await app.register(holdfast, defineHoldfast({
  createServer: session => new McpServerV1({ name: session.context.apiUrl, version: '1' }),
  context: { schema, resolve: (): Tenant => ({ apiUrl: 'x', region: 'eu' }) },
  namespace: 'x'
}))
// Without a schema, `resolve` says it.
await app.register(holdfast, defineHoldfast({
  context: { resolve: (): Tenant => ({ apiUrl: 'x', region: 'eu' }) },
  createServer: session => {
    assert<Equal<typeof session.context, Tenant>>()
    return new McpServerV1({ name: session.context.region, version: '1' })
  }
}))
await app.register(holdfast, defineHoldfast<Cart>()({
  context: { schema, resolve: () => ({ apiUrl: 'x', region: 'eu' as const }) },
  createServer: session => {
    assert<Equal<typeof session.data, Readonly<Cart>>>()
    assert<Equal<typeof session.context, { apiUrl: string, region: 'eu' | 'us' }>>()
    return new McpServerV1({ name: session.context.apiUrl, version: '1' })
  }
}))
await app.register(holdfast, defineHoldfast<Cart>()({
  createServer: session => {
    assert<Equal<typeof session.data, Readonly<Cart>>>()
    assert<Equal<typeof session.context, AppContext>>()
    return new McpServerV1({ name: 'x', version: '1' })
  }
}))
// @ts-expect-error the schema has another type
defineHoldfast({ context: { schema, resolve: () => ({ apiUrl: 1, region: 'eu' as const }) }, createServer: v1 })
// @ts-expect-error there is no such option
defineHoldfast({ createServer: v1, sessions: 1 })
// @ts-expect-error a Date would come back as another value
defineHoldfast({ context: { resolve: () => new Date() }, createServer: v1 })
// @ts-expect-error a context is a value
defineHoldfast({ context: { resolve: () => undefined }, createServer: v1 })

// Any kind of app.
const secure = Fastify({ http2: true, https: {} })
await secure.register(holdfast, { createServer: v1 })
assert<Equal<typeof secure.mcpSessions, Sessions<AppData, AppContext>>>()
await Fastify({ loggerInstance: pino() }).register(holdfast, { createServer: v1 })
await Fastify().withTypeProvider<FastifyTypeProviderDefault>().register(holdfast, { createServer: v1 })

// The schema and the interface have the same options, with the same types.
type Flat<T> = T extends (...args: any[]) => unknown ? T : { [Name in keyof T]: T[Name] }
type Given = { [Name in keyof HoldfastOptions]: Flat<HoldfastOptions[Name]> }
type Checked = Static<typeof OptionsSchema>
assert<Equal<keyof Given, keyof Checked>>()
declare const given: HoldfastOptions
declare const checked: Checked
export const sameAsSchema: Checked = given
export const sameAsInterface: HoldfastOptions = checked
type Group = 'ttl' | 'limits' | 'thresholds' | 'streams' | 'live' | 'shutdown' | 'admin' | 'metrics' | 'context'
assert<{ [Name in Group]: Equal<keyof NonNullable<Given[Name]>, keyof NonNullable<Checked[Name]>> }[Group]>()

assert<Equal<typeof OptionsSchema.type, 'object'>>()
export type { CommonServerOptions, ConnectableServer, HeldServer, ResolveAuthInfo, ResolveContext, ResolvePrincipal }
export { context, duration, evict, factories, mode, noFactory, nothing, principal, schemaOnly, text, unknown }
