import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server'
import t from 'tap'
import type { CreateServer, DisposeReason, McpSession } from '../dist/index.js'
import { latch } from './fixtures/latch.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const bare = { accept: 'application/json, text/event-stream' }
const never = async (): Promise<never> => await new Promise(() => {})

/** What a factory may do wrong, and what the client is answered. */
const BAD: Record<string, { make: (session: McpSession) => any, status: number, retryAfter: string | null }> = {
  throws: { make: () => { throw new Error('no server today') }, status: 500, retryAfter: null },
  rejects: { make: async () => await Promise.reject(new Error('no server today')), status: 500, retryAfter: null },
  'throws undefined': { make: (session: any) => { throw session.nothing }, status: 500, retryAfter: null },
  'returns nothing': { make: () => undefined, status: 500, retryAfter: null },
  'returns null': { make: () => null, status: 500, retryAfter: null },
  'returns a number': { make: () => 17, status: 500, retryAfter: null },
  'returns a held nothing': { make: () => ({ server: {} }), status: 500, retryAfter: null },
  'makes a server that does not connect': {
    make: () => ({ connect: async () => { throw new Error('no') }, close: async () => {} }),
    status: 500,
    retryAfter: null
  },
  hangs: { make: never, status: 503, retryAfter: '5' },
  'makes a server that hangs': { make: () => ({ connect: never, close: async () => {} }), status: 503, retryAfter: '5' }
}

for (const [name, { make, status, retryAfter }] of Object.entries(BAD)) {
  t.test(`a factory that ${name}: no session begins, and one that was there goes on`, async t => {
    const good = serving()
    let broken = false
    const createServer: CreateServer = (session, shared) => broken ? make(session) : good(session, shared)
    const { url, app } = await start(t, { createServer, live: { max: 1, startTimeout: 30 } })
    const errors: unknown[] = []
    app.mcpSessions.on('error', ({ error }) => { errors.push(error) })
    const client = await RawClient.open(url)
    const other = await RawClient.open(url)
    broken = true
    const responses = [
      await new RawClient(url, bare).post(initializeRequest()), await client.post(toolCall('init', 'echo'))
    ]
    for (const response of responses) {
      t.equal(response.status, status)
      t.equal(response.headers.get('retry-after'), retryAfter)
      t.equal(response.headers.get('mcp-session-id'), null)
      t.match(await response.json(), { jsonrpc: '2.0', id: 'init', error: { code: Number, message: String } })
    }
    t.equal(errors.length, status === 500 ? 2 : 0, 'a defect of the application is reported')
    t.equal(await app.mcpSessions.count(), 2, 'nothing is left behind')
    broken = false
    t.strictSame(await client.call('echo', { back: true }), { back: true })
    t.strictSame(await other.call('echo', { back: true }), { back: true })
  })
}

t.test('a server that comes too late is closed, and disposed of once', async t => {
  const gate = latch()
  const disposed: DisposeReason[] = []
  const done = latch()
  const { url } = await start(t, {
    live: { startTimeout: 20 },
    createServer: async () => {
      await gate.opened
      return {
        server: new McpServer({ name: 'late', version: '1.0.0' }),
        dispose: reason => { disposed.push(reason); done.open() }
      }
    }
  })
  t.equal((await new RawClient(url, bare).post(initializeRequest())).status, 503)
  gate.open()
  await done.opened
  t.strictSame(disposed, ['closing'])
})

t.test('a server is one session\'s, and never another\'s', async t => {
  const v1 = new McpServer({ name: 'v1', version: '1.0.0' })
  const v2 = new McpServerV2({ name: 'v2', version: '2.0.0' })
  for (const shared of [v1, v2]) {
    const { url, app } = await start(t, { createServer: () => shared })
    app.mcpSessions.on('error', () => {})
    const client = await RawClient.open(url)
    t.equal((await new RawClient(url, bare).post(initializeRequest())).status, 500)
    t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 200, 'whose it was, it stays')
    t.equal(await app.mcpSessions.count(), 1)
  }
})

t.test('a server that does not close is disposed of all the same', async t => {
  const disposed: DisposeReason[] = []
  const { url, app } = await start(t, {
    live: { max: 1 },
    createServer: (session, shared) => {
      const server = serving()(session, shared) as McpServer
      server.close = async () => { throw new Error('stuck') }
      return { server, dispose: reason => { disposed.push(reason) } }
    }
  })
  const errors: unknown[] = []
  app.mcpSessions.on('error', ({ error }) => { errors.push(error) })
  const client = await RawClient.open(url)
  await RawClient.open(url)
  t.strictSame(await client.call('echo', {}), {})
  t.strictSame(disposed, ['dormant', 'dormant'])
  t.match(errors, [{ message: 'stuck' }, { message: 'stuck' }])
})

t.test('a factory gets the session and options that servers share', async t => {
  const seen: unknown[] = []
  const { url } = await start(t, {
    createServer: (session, { serverOptions }) => {
      seen.push(session.activated, session.data, session.principal, session.context, serverOptions.jsonSchemaValidator)
      return serving()(session, { serverOptions })
    },
    live: { max: 1 }
  })
  const client = await RawClient.open(url)
  await RawClient.open(url)
  await client.call('echo')
  t.match(seen, [false, {}, null, null, Object, false, {}, null, null, Object, true, {}, null, null, Object])
  t.equal(seen[4], seen[14], 'one validator for all')
})
