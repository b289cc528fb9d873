import t from 'tap'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const bare = { accept: 'application/json, text/event-stream' }

t.test('an id that a client brings to initialize is ignored', async t => {
  const { url, app } = await start(t)
  const known = await RawClient.open(url)
  for (const chosen of ['chosen-by-me', known.id]) {
    const response = await new RawClient(url, bare).post(initializeRequest(), { 'mcp-session-id': chosen })
    t.equal(response.status, 200)
    t.match(response.headers.get('mcp-session-id'), /^[\w-]{43}$/)
    t.not(response.headers.get('mcp-session-id'), chosen)
  }
  t.equal((await known.at(url, { 'mcp-session-id': 'chosen-by-me' }).get()).status, 404)
  t.strictSame(await known.call('echo', { mine: true }), { mine: true })
  t.equal(await app.mcpSessions.count(), 3)
})

t.test('a version that is not spoken here is refused with the ones that are', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  const supported = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07']
  const refusal = (id: unknown, requested: string): object =>
    ({ jsonrpc: '2.0', id, error: { code: -32000, message: /version/, data: { supported, requested } } })

  for (const response of [
    await client.get({ 'mcp-protocol-version': '2099-01-01' }),
    await client.at(url, { 'mcp-protocol-version': '2099-01-01' }).delete()
  ]) {
    t.equal(response.status, 400)
    t.match(await response.json(), refusal(null, '2099-01-01'))
  }

  const meta = (version: unknown): object => ({ _meta: { 'io.modelcontextprotocol/protocolVersion': version } })
  const modern = { jsonrpc: '2.0', id: 3, method: 'server/discover', params: meta('2026-07-28') }
  for (const from of [client, new RawClient(url, bare)]) {
    for (const headers of [{}, { 'mcp-protocol-version': '2026-07-28' }]) {
      const response = await from.post(modern, headers)
      t.equal(response.status, 400)
      t.match(await response.json(), refusal(3, '2026-07-28'))
    }
  }
  for (const strange of [null, 1, {}, { toString: 1, valueOf: 1 }, ['2026-07-28'], 'x'.repeat(1000)]) {
    const response = await client.post({ jsonrpc: '2.0', id: 4, method: 'ping', params: meta(strange) })
    t.equal(response.status, 400)
    t.match(await response.json(), { id: 4, error: { code: -32000 } })
  }
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})

t.test('what a session agreed on counts where the header is missing', async t => {
  const { url, app } = await start(t)
  const client = await RawClient.open(url, { version: '2030-01-01' })
  const { sessions } = await app.mcpSessions.list()
  t.equal(sessions[0]?.state?.handshake.protocolVersion, '2025-11-25', 'the server answered with its own')
  t.equal((await client.post(toolCall(1, 'echo'), { 'mcp-protocol-version': '2025-06-18' })).status, 200)
})

t.test('a handshake that takes long is still answered in one piece', async t => {
  for (const responseMode of ['auto', 'json', 'sse'] as const) {
    const { url } = await start(t, {
      responseMode,
      streams: { after: 1 },
      createServer: () => {
        const server = new Server({ name: 'slow', version: '1.0.0' })
        server.setRequestHandler(InitializeRequestSchema, async (_, extra) => {
          await extra.sendNotification({ method: 'notifications/tools/list_changed' }).catch(() => {})
          await new Promise(resolve => setTimeout(resolve, 30))
          return { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'slow', version: '1.0.0' } }
        })
        return server
      }
    })
    const client = await RawClient.open(url)
    t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 200, responseMode)
  }
})

t.test('a server that refuses the handshake leaves no session', async t => {
  const { url, app } = await start(t, {
    createServer: () => {
      const server = new Server({ name: 'closed', version: '1.0.0' })
      server.setRequestHandler(InitializeRequestSchema, () => { throw new Error('not today') })
      return server
    }
  })
  const response = await new RawClient(url, bare).post(initializeRequest())
  t.equal(response.headers.get('mcp-session-id'), null)
  t.match(await response.json(), { id: 'init', error: { message: 'not today' } })
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('a second initialize on the same connection is a second session', async t => {
  const { url, app } = await start(t, { createServer: serving() })
  const [one, two] = [await RawClient.open(url), await RawClient.open(url)]
  t.not(one.id, two.id)
  t.equal((await one.delete()).status, 200)
  t.strictSame(await two.call('echo', {}), {})
  t.equal(await app.mcpSessions.count(), 1)
})
