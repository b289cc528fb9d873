import { inspect } from 'node:util'
import { McpServer } from '@modelcontextprotocol/server'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { z } from 'zod'
import { type CreateServer, type HoldfastOptions, type McpCall, callOf } from '../dist/index.js'
import { modernCall } from './fixtures/modern.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const headers = { 'x-user': 'ada', traceparent, tracestate: 'a=1', baggage: 'b=2', 'x-tenant': 'acme' }

const seen = (call: McpCall, path: string | undefined, tenant: unknown): object => {
  const { era, version, principal, client, capabilities, trace } = call
  return { era, version, principal, client, capabilities, trace, path, tenant }
}

const v1 = serving({
  who: ({ extra }) => seen(callOf(extra), extra.requestInfo?.url?.pathname, extra.requestInfo?.headers['x-tenant'])
})

const v2Tools = (server: McpServer): McpServer => {
  server.registerTool('who', { inputSchema: z.looseObject({}) }, async (_, ctx) => {
    const { req } = ctx.http as { req: Request }
    const value = seen(callOf(ctx), new URL(req.url).pathname, req.headers.get('x-tenant'))
    return { content: [{ type: 'text', text: JSON.stringify(value) }] }
  })
  return server
}

const v2: CreateServer = (_, { serverOptions }) =>
  v2Tools(new McpServer({ name: 'v2', version: '1' }, serverOptions as object))

const SERVERS: Record<string, Partial<HoldfastOptions>> = {
  'a v1 server': { createServer: v1, modern: 'auto' },
  'a v2 server': { createServer: v2, modern: 'auto' },
  'a shared v2 server': {
    createServer: v2,
    modern: { server: ({ serverOptions }) => v2Tools(new McpServer({ name: 'v2', version: '1' }, serverOptions)) }
  }
}

const principal = ({ headers: { 'x-user': user } }: { headers: Record<string, unknown> }): { subject: string } =>
  ({ subject: String(user) })

for (const [name, options] of Object.entries(SERVERS)) {
  t.test(`callOf in ${name}, in both eras`, async t => {
    const { url } = await start(t, { ...options, principal })
    const session = await RawClient.open(url, { capabilities: { roots: {} }, headers })
    const common = {
      principal: { subject: 'ada' },
      trace: { traceparent, tracestate: 'a=1', baggage: 'b=2' },
      path: '/mcp',
      tenant: 'acme'
    }
    t.strictSame(await session.call('who'), {
      era: 'sessions',
      version: '2025-11-25',
      client: { name: 'raw', version: '1.0.0' },
      capabilities: { roots: {} },
      ...common
    })
    t.strictSame(valueOf(await modernCall(url, 'who', {}, headers)), {
      era: 'modern', version: '2026-07-28', client: { name: 'by-hand', version: '1' }, capabilities: {}, ...common
    })
  })
}

t.test('request.mcpCall is null until the call is known', async t => {
  const calls: Array<[string, McpCall | null]> = []
  const before = (app: FastifyInstance): void => {
    app.addHook('preHandler', async request => { calls.push(['before', request.mcpCall]) })
    app.addHook('onResponse', async request => { calls.push(['after', request.mcpCall]) })
    app.get('/other', async request => { calls.push(['other', request.mcpCall]) })
  }
  const { url, app } = await start(t, { createServer: v1, modern: 'auto', principal }, { before })
  await app.inject('/other')
  await (await RawClient.open(url, { headers })).call('who')
  await modernCall(url, 'who', {}, headers)
  await fetch(url, { method: 'POST', headers })
  const short = calls.map(([when, call]) => call === null ? [when, null] : [when, call.era, call.client?.name])
  t.match(short.filter(([when]) => when === 'other'), [['other', null]])
  const known = short.filter(([when, era]) => when === 'after' && era !== null)
  t.strictSame(known.map(([, ...rest]) => rest), [
    ['sessions', 'raw'], ['sessions', 'raw'], ['sessions', 'raw'], ['modern', 'by-hand']
  ])
  t.ok(short.every(([when, era]) => when !== 'before' || era === null))
})

t.test('it is the same object each time, and says what a handler sees', async t => {
  let asked = 0
  const before = (app: FastifyInstance): void => {
    app.addHook('onResponse', async request => {
      asked++
      t.equal(request.mcpCall, request.mcpCall)
      t.match(request.mcpCall, { principal: { subject: 'ada' }, trace: { traceparent }, capabilities: {} })
      t.match(request.mcpCall?.version, /^202[56]/)
    })
  }
  const { url } = await start(t, { createServer: v1, modern: 'auto', principal }, { before })
  await RawClient.open(url, { headers })
  const modern = await modernCall(url, 'who', {}, headers)
  t.match(valueOf(modern), { era: 'modern' })
  t.ok(asked >= 3)
})

t.test('a call that is printed shows what may be in a log', async t => {
  const print = serving({ print: ({ extra }) => ({ json: callOf(extra), text: inspect(callOf(extra)) }) })
  const { url } = await start(t, { createServer: print, modern: 'auto', principal })
  const session = await RawClient.open(url, { headers })
  const client = { name: 'raw', version: '1.0.0' }
  t.strictSame(await session.call('print'), {
    json: { era: 'sessions', version: '2025-11-25', client },
    text: `McpCall ${inspect({ era: 'sessions', version: '2025-11-25', client })}`
  })
  t.match(valueOf(await modernCall(url, 'print', {}, headers)), {
    json: { era: 'modern', version: '2026-07-28', client: { name: 'by-hand', version: '1' } },
    text: /^McpCall \{\s+era: 'modern'/
  })
})

t.test('callOf refuses what is no argument of a handler', async t => {
  t.throws(() => callOf({}), TypeError)
})
