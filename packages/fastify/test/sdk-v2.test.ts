import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t, { type Test } from 'tap'
import { z } from 'zod'
import type { CreateServer } from '../dist/index.js'
import { callTool, connect } from './fixtures/connect.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const anything = z.looseObject({})
const text = (value: unknown): { content: Array<{ type: 'text', text: string }> } =>
  ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

const createServer: CreateServer = (session, { serverOptions }) => {
  const options = { ...serverOptions, capabilities: { logging: {} } }
  const server = new McpServer({ name: 'v2', version: '2.0.0' }, options as any)
  server.registerTool('count', { inputSchema: anything }, async () => {
    const { total } = await session.update(data => { data.total = Number(data.total ?? 0) + 1 })
    return text({ total, restored: session.activated })
  })
  server.registerTool('steps', { inputSchema: anything }, async (_, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken as string
    for (const progress of [1, 2, 3]) {
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } })
    }
    return text('done')
  })
  server.registerTool('ask', { inputSchema: anything }, async (_, ctx) => {
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
    const params = { mode: 'form' as const, message: 'name?', requestedSchema }
    return text(await ctx.mcpReq.send({ method: 'elicitation/create', params }))
  })
  server.registerTool('who', { inputSchema: anything }, async (_, ctx) =>
    text({
      client: server.server.getClientVersion()?.name,
      path: new URL(ctx.http?.req?.url as string).pathname,
      user: ctx.http?.req?.headers.get('x-user')
    }))
  return server
}

type AnyClient = Parameters<typeof callTool>[0]

async function exercise (t: Test, url: URL, client: AnyClient, options: unknown[] = []): Promise<void> {
  for (const round of [1, 2]) {
    t.strictSame(await callTool(client, 'count'), { total: round, restored: round === 2 })
    const progress: number[] = []
    const onprogress = (step: { progress: number }) => progress.push(step.progress)
    t.equal(await callTool(client, 'steps', {}, ...options, { onprogress }), 'done')
    t.strictSame(progress, [1, 2, 3])
    t.match(await callTool(client, 'ask'), { action: 'accept', content: { name: 'me' } })
    t.match(await callTool(client, 'who'), { path: '/mcp' })
    await RawClient.open(url)
    await RawClient.open(url)
  }
}

t.test('a server of SDK v2 serves the client of SDK v1, live and restored', async t => {
  const { url } = await start(t, { createServer, live: { max: 2 } })
  const { client } = await connect(t, url, { elicitation: { form: {} } }, client => {
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'me' } }))
  })
  await exercise(t, url, client, [undefined])
})

for (const mode of ['legacy', 'auto'] as const) {
  t.test(`a server of SDK v2 serves the client of SDK v2 (version negotiation: ${mode})`, async t => {
    const { url } = await start(t, { createServer, live: { max: 2 } })
    const client = new ClientV2({ name: 'client-v2', version: '2.0.0' }, {
      capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode }
    })
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'me' } }))
    t.teardown(async () => { await client.close() })
    await client.connect(new TransportV2(url))
    await exercise(t, url, client)
  })
}

t.test('the request that a server of SDK v2 sees survives odd headers', async t => {
  const { url } = await start(t, { createServer }, { fastify: { trustProxy: true } })
  const client = await RawClient.open(url)
  t.match(await client.at(url, { 'x-user': 'ÿ' }).call('who'), { client: 'raw', path: '/mcp' })
  for (const host of ['a b', 'user@example.com', 'http://x', '[', '']) {
    const response = await client.at(url, { 'x-forwarded-host': host }).start('who')
    t.ok(response.status < 500, `X-Forwarded-Host: ${host}: ${response.status}`)
    await response.text()
  }
  t.match(await client.call('who'), { path: '/mcp' })
})
