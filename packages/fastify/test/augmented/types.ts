// Compiled, never run: an application that declares the types of its sessions once, for all of its code.
import Fastify from 'fastify'
import holdfast, {
  type CreateServer, type HoldfastOptions, type McpSession, type Session, type Sessions, defineHoldfast
} from '@holdfast/fastify'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import Type from 'typebox'

interface Cart { items: string[] }
interface Tenant { apiUrl: string }

declare module '@holdfast/fastify' {
  interface SessionTypes {
    data: Cart
    context: Tenant
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function assert<T extends true> (..._: T[]): void {}

const app = Fastify()
const createServer: CreateServer = session => {
  assert<Equal<typeof session.context, Tenant>>()
  assert<Equal<typeof session.data, Readonly<Cart>>>()
  return new McpServer({ name: 'x', version: '1' })
}
await app.register(holdfast, { createServer, context: { resolve: () => ({ apiUrl: 'x' }) } })
await app.register(holdfast, {
  context: { resolve: (): Tenant => ({ apiUrl: 'x' }) },
  createServer: session => new McpServer({ name: session.context.apiUrl, version: '1' })
})
await app.register(holdfast, defineHoldfast({
  context: { schema: Type.Object({ apiUrl: Type.String() }), resolve: () => ({ apiUrl: 'x' }) },
  createServer: session => new McpServer({ name: session.data.items.join(), version: '1' })
}))
// @ts-expect-error the context is a tenant
export const wrong: HoldfastOptions = { createServer, context: { resolve: () => ({ url: 'x' }) } }

assert<Equal<typeof app.mcpSessions, Sessions<Cart, Tenant>>>()
app.addHook('onResponse', async request => {
  assert<Equal<typeof request.mcpSession, Session<Cart, Tenant> | null>>()
})
for await (const { state } of app.mcpSessions.each()) {
  if (state !== undefined) assert<Equal<typeof state.data.items, string[]>>()
}
const created = await app.mcpSessions.create({ data: { items: [] }, context: { apiUrl: 'x' } })
await created.update(draft => { draft.items.push('x') })
// @ts-expect-error a cart has items
await app.mcpSessions.create({ data: {}, context: { apiUrl: 'x' } })

export async function use (session: McpSession): Promise<void> {
  await session.update(draft => { draft.items.push('x') })
  // @ts-expect-error there is no such member
  await session.update(draft => { draft.price = 1 })
}
