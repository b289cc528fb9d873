import { McpServer, inputRequired } from '@modelcontextprotocol/server'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { post } from '@holdfast/clients/by-hand'
import { MODERN, modernHeaders, modernRequest } from '@holdfast/clients/modern'
import { type ModernServerInit, callOf } from '../dist/index.js'
import { callTool, connect } from './fixtures/connect.js'
import { connectV2, modern, modernCall } from './fixtures/modern.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Tools, echo, elicit, serving } from './fixtures/tools.js'

const text = (value: unknown): { content: Array<{ type: 'text', text: string }> } =>
  ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

const who: Tools = {
  who: ({ extra, session, server }) => {
    const { era, version, client, principal } = callOf(extra)
    return { era, version, client, principal, of: session.principal, said: server.server.getClientVersion() }
  },
  ask: async call => (await elicit(call, 'name?', { type: 'object', properties: { name: { type: 'string' } } })).content
}

/** A server of SDK v2 for everybody. */
export function shared ({ serverOptions }: ModernServerInit): McpServer {
  const server = new McpServer({ name: 'shared', version: '1' }, serverOptions)
  server.registerTool('echo', { inputSchema: z.looseObject({}) }, async args => text(args))
  server.registerTool('who', { inputSchema: z.looseObject({}) }, async (_, ctx) => {
    const { era, version, client, principal } = callOf(ctx)
    return text({ era, version, client, principal })
  })
  return server
}

const SERVERS = { bridge: 'auto', 'a shared v2 server': { server: shared } } as const

t.test('refuse is the default: a modern client gets what it got before, and falls back', async t => {
  for (const options of [{}, { modern: 'refuse' as const }]) {
    const { url } = await start(t, options)
    const response = await modern(url, modernRequest('tools/list'))
    t.equal(response.status, 400)
    t.match(await response.json(), { error: { code: -32000, data: { requested: MODERN } } })
    t.equal((await connectV2(t, url, 'auto')).getNegotiatedProtocolVersion(), '2025-11-25')
    await t.rejects(connectV2(t, url, { pin: MODERN }))
  }
})

for (const [name, option] of Object.entries(SERVERS)) {
  t.test(`clients of both SDKs and both eras on one route: ${name}`, async t => {
    const { url } = await start(t, {
      createServer: serving({ ...echo, ...who }),
      modern: option,
      principal: request => ({ subject: String(request.headers['x-user']) })
    })
    const user = (subject: string): Record<string, string> => ({ 'x-user': subject })
    const modes = [['legacy', 'sessions'], ['auto', 'modern'], [{ pin: MODERN }, 'modern']] as const
    const asked = modes.map(async ([mode, era], number) => {
      const subject = `user ${number}`
      const client = await connectV2(t, url, mode, subject, user(subject))
      for (let round = 0; round < 3; round++) {
        t.strictSame(await callTool(client, 'echo', { round, subject }), { round, subject })
        const said = { name: subject, version: '2.0.0' }
        t.match(await callTool(client, 'who'), {
          era, version: era === 'modern' ? MODERN : '2025-11-25', client: said, principal: { subject }
        })
      }
      t.match((await client.listTools()).tools, [{ name: 'echo' }, { name: 'who' }])
    })
    const raw = (async () => {
      const client = await RawClient.open(url, { headers: user('raw') })
      for (let round = 0; round < 9; round++) {
        t.match(await client.call('who'), { era: 'sessions', client: { name: 'raw' }, principal: { subject: 'raw' } })
      }
    })()
    await Promise.all([...asked, raw])
  })
}

t.test('the bridge asks clients of both eras', async t => {
  const { url } = await start(t, { createServer: serving(who), modern: 'auto' })
  for (const mode of ['legacy', 'auto', { pin: MODERN }] as const) {
    t.strictSame(await callTool(await connectV2(t, url, mode), 'ask'), { name: 'me' })
  }
  const { client } = await connect(t, url, { elicitation: { form: {} } }, client => {
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'v1' } }))
  })
  t.strictSame(await callTool(client, 'ask'), { name: 'v1' })
})

t.test('a client of one revision sees each session and each era where they are', async t => {
  const { url, app } = await start(t, { modern: 'auto' })
  const session = await RawClient.open(url)
  const request = modernRequest('tools/call', { name: 'echo', arguments: { a: 1 } })
  const stray = await modern(url, request, { 'mcp-session-id': session.id, 'last-event-id': 'x' })
  t.equal(stray.headers.get('mcp-session-id'), null)
  t.strictSame(valueOf(await stray.json()), { a: 1 })
  t.strictSame(await session.call('echo', { b: 2 }), { b: 2 })
  t.equal(await app.mcpSessions.count(), 1, 'a modern request makes no session')
})

t.test('verbs of the sessions in each era', async t => {
  const headers = { accept: 'text/event-stream' }
  const asked = async (url: URL, method: string, more: Record<string, string> = {}): Promise<string> => {
    const { status, headers: given } = await fetch(url, { method, headers: { ...headers, ...more } })
    return `${status} ${given.get('allow') ?? ''}`
  }
  const { url: both } = await start(t, { modern: 'auto' })
  const { url: alone } = await start(t, { modern: 'auto', legacy: 'off' })
  for (const method of ['GET', 'DELETE']) {
    t.equal(await asked(both, method), '400 ', 'no session')
    t.equal(await asked(both, method, { 'mcp-protocol-version': MODERN }), '405 POST')
    t.equal(await asked(both, method, { 'mcp-protocol-version': MODERN, accept: 'text/html' }), '405 POST')
    t.equal(await asked(alone, method), '405 POST')
  }
  t.equal(await asked(both, 'PUT'), '405 GET, POST, DELETE')
  t.equal(await asked(alone, 'PUT'), '405 POST')
})

t.test('legacy: off', async t => {
  const { url, app } = await start(t, { modern: 'auto', legacy: 'off' })
  const response = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } }
    })
  })
  t.equal(response.status, 400)
  t.match(await response.json(), { error: { code: -32022, data: { supported: [MODERN], requested: '2025-11-25' } } })
  await t.rejects(RawClient.open(url))
  t.strictSame(valueOf(await modernCall(url, 'echo', { a: 1 })), { a: 1 })
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('what guards the sessions guards modern requests', async t => {
  const { url } = await start(t, {
    modern: 'auto',
    bodyLimit: 2_000,
    principal: ({ headers }) => headers.authorization === undefined ? null : { subject: headers.authorization },
    allowedHosts: ['127.0.0.1']
  })
  const authorization = 'me'
  const request = modernRequest('tools/call', { name: 'echo', arguments: {} })
  const status = async (message: object, headers: Record<string, string>): Promise<number> =>
    (await post(url, message, { ...modernHeaders(request), ...headers })).status
  t.equal(await status(request, {}), 401)
  t.equal(await status(request, { authorization }), 200)
  t.equal(await status(request, { authorization, origin: 'https://evil.example' }), 403)
  t.equal(await status(request, { authorization, accept: 'application/json' }), 406)
  t.equal(await status(request, { authorization, 'content-type': 'text/plain' }), 415)
  t.equal(await status(
    modernRequest('tools/call', { name: 'echo', arguments: { a: 'x'.repeat(2_000) } }), { authorization }
  ), 413)
  t.equal(await status([request], { authorization }), 400)
  const unauthorized = await modern(url, request)
  t.equal(unauthorized.headers.get('www-authenticate'), 'Bearer')
  const headers = {
    accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...modernHeaders(request)
  }
  const broken = await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body: '{' })
  t.equal(broken.status, 400)
  t.match(await broken.json(), { error: { code: -32700 } })
})

t.test('all callers may share the pool of the bridge, if the application says so', async t => {
  const made: unknown[] = []
  const { url } = await start(t, {
    createServer (session, shared) {
      made.push(session.principal)
      return serving({ ...echo })(session, shared)
    },
    modern: { per: 'replica' },
    principal: request => ({ subject: String(request.headers['x-user']) })
  })
  for (const user of ['ann', 'bob']) {
    const { result } = await modernCall(url, 'echo', { user }, { 'x-user': user })
    t.match(JSON.parse(result.content[0].text), { user })
  }
  t.equal(made.length, 1)
})

t.test('a shared server that fails when it is let go is reported', async t => {
  const { heard, logger } = hears(t)
  const { app } = await start(t, {
    modern: {
      server: init => ({ server: shared(init), dispose () { throw new Error('stuck') } })
    }
  }, { fastify: { logger } })
  await app.close()
  t.match(heard.join(''), 'stuck')
})

t.test('a tenant may have a server of its own', async t => {
  const made: Array<string | undefined> = []
  const { url } = await start(t, {
    modern: {
      server: init => {
        made.push(init.key)
        return shared(init)
      },
      per: ({ headers, mcpCall }) => `${String(headers['x-tenant'])} ${String(mcpCall?.client?.name)}`,
      cache: { 'tools/list': { ttl: '1m', scope: 'public' } }
    }
  })
  for (const tenant of ['a', 'b', 'a']) {
    const response = await modern(url, modernRequest('tools/list'), { 'x-tenant': tenant })
    t.match(await response.json(), { result: { ttlMs: 60_000, cacheScope: 'public', tools: [{ name: 'echo' }, {}] } })
  }
  t.strictSame(made, ['a by-hand', 'b by-hand'])
})

function hears (t: Test): { heard: string[], logger: object } {
  const heard: string[] = []
  return { heard, logger: { level: 'warn', stream: { write: (line: string) => { heard.push(line) } } } }
}

t.test('a server that cannot serve the revision fails the start, or is made for each request', async t => {
  const old = { server: () => new McpServer({ name: 'old', version: '1' }) }
  await t.rejects(start(t, { modern: old }), { code: 'HOLDFAST_FACTORY_FAILED' })
  const { heard, logger } = hears(t)
  const { url } = await start(t, {
    modern: {
      server: ({ serverOptions: { supportedProtocolVersions, ...others } }) => {
        const server = new McpServer({ name: 'old', version: '1' }, others)
        server.registerTool('echo', { inputSchema: z.looseObject({}) }, async args => text(args))
        return server
      },
      fallback: 'sdk'
    }
  }, { fastify: { logger } })
  t.strictSame(valueOf(await modernCall(url, 'echo', { a: 1 })), { a: 1 })
  t.match(heard.join(), /holdfast: a server cannot be shared/)
})

t.test('states that a shared server gives to clients are sealed, with and without keys', async t => {
  const asking = ({ serverOptions, requestState }: ModernServerInit): McpServer => {
    const server = new McpServer({ name: 'asking', version: '1' }, serverOptions)
    server.registerTool('buy', { inputSchema: z.looseObject({}) }, async (_, ctx) => {
      const state = ctx.mcpReq.requestState<{ price: number }>()
      if (state !== undefined) return text(state)
      return inputRequired({ requestState: await requestState.mint({ price: 20 }, ctx) })
    })
    return server
  }
  const buy = async (url: URL, requestState?: string): Promise<any> => {
    const params = { name: 'buy', arguments: {}, ...(requestState !== undefined && { requestState }) }
    return await (await modern(url, modernRequest('tools/call', params))).json()
  }
  const options = { server: asking, requestState: { once: 'reject' } } as const
  for (const keys of [{}, { keys: `k1:${Buffer.alloc(32, 1).toString('base64')}` }]) {
    const { url } = await start(t, { modern: options, ...keys })
    const { result: { requestState } } = await buy(url)
    t.match(requestState, /^hf1\./)
    t.strictSame(valueOf(await buy(url, requestState)), { price: 20 })
    t.match(await buy(url, requestState), { error: { code: -32602, data: { reason: 'used' } } })
    t.match(await buy(url, `${requestState}x`), { error: { data: { reason: 'invalid_request_state' } } })
  }
  const withoutKeys = start(t, { modern: { server: asking }, encryption: 'none' })
  await t.rejects(withoutKeys, { name: 'InvalidOptionError', message: /need keys/ })
  await t.resolves(start(t, { modern: { server: shared }, encryption: 'none' }))
})

t.test('the SDK may be another copy', async t => {
  const sdk = async (): Promise<unknown> => await import('@modelcontextprotocol/server')
  const { url } = await start(t, { modern: { server: shared, sdk } })
  t.strictSame(valueOf(await modernCall(url, 'echo', { a: 1 })), { a: 1 })
  const missing = async (): Promise<never> => { throw new Error('not installed') }
  await t.rejects(start(t, { modern: { server: shared, sdk: missing } }), { code: 'HOLDFAST_FACTORY_FAILED' })
})
