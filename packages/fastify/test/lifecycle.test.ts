import Fastify from 'fastify'
import { memory } from '@holdfast/memory'
import t from 'tap'
import holdfast from '../dist/index.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

t.test('an app boots while its backend is down, answers 503 and recovers by itself', async t => {
  const backend = memory()
  let down = true
  const gated = <T extends object>(part: T): T => new Proxy(part, {
    get: (target, name) => async (...args: unknown[]) => {
      if (down) throw new Error('connection refused')
      return await (target as any)[name](...args)
    }
  })
  const { url, app } = await start(t, {
    heartbeat: 20,
    backend: {
      ...backend,
      records: gated(backend.records),
      events: gated(backend.events),
      bus: gated(backend.bus),
      presence: gated(backend.presence)
    }
  })
  const heard: string[] = []
  app.mcpSessions.on('backendDown', () => { heard.push('down') })
  const up = new Promise<void>(resolve => { app.mcpSessions.on('backendUp', () => { heard.push('up'); resolve() }) })
  const refused = async (response: Response): Promise<void> => {
    t.equal(response.status, 503)
    t.equal(response.headers.get('retry-after'), '1')
    t.match(await response.json(), { jsonrpc: '2.0', error: { message: /unavailable/ } })
  }
  const bare = new RawClient(url, { accept: '*/*' })
  await refused(await bare.post(initializeRequest()))
  await refused(await bare.at(url, { 'mcp-session-id': 'x' }).get())
  down = false
  await up
  const client = await RawClient.open(url)
  t.strictSame(await client.call('echo', {}), {})
  down = true
  await refused(await client.post(toolCall(9, 'echo')))
  await refused(await client.get())
  await refused(await client.delete())
  down = false
  t.strictSame(await client.call('echo', { kept: true }), { kept: true }, 'an outage ends no session')
})

t.test('the sessions are there for the application, and a request knows its own', async t => {
  const seen: unknown[] = []
  const { url, app } = await start(t, {}, {
    before: app => { app.addHook('onSend', async request => { seen.push(request.mcpSession?.state.client.name) }) }
  })
  const client = await RawClient.open(url)
  await client.call('echo')
  await client.at(url, { 'mcp-session-id': 'unknown' }).get()
  t.strictSame(seen, ['raw', 'raw', 'raw', undefined])
  const { sessions } = await app.mcpSessions.list()
  t.match(sessions, [{ label: /^[\w-]{8}$/, createdAt: Number, state: { client: { name: 'raw' } } }])
  t.equal(await app.mcpSessions.get({ id: client.id, principal: null }).then(found => found?.label), sessions[0]?.label)
  t.equal((await app.inject('/other')).statusCode, 404)
})

t.test('two apps in one process have nothing in common', async t => {
  const [one, two] = [await start(t), await start(t)]
  const client = await RawClient.open(one.url)
  t.equal((await client.at(two.url).get()).status, 404)
  await one.app.close()
  t.ok(await RawClient.open(two.url))
})

t.test('several endpoints of one app, each with a backend and sessions of its own', async t => {
  const [one, two] = [memory(), memory()]
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(async () => { await app.close() })
  for (const [path, backend] of [['/one', one], ['/two', two]] as const) {
    const createServer = serving({ where: async () => path })
    await app.register(async scope => { await scope.register(holdfast, { createServer, path, backend }) })
  }
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const clients = await Promise.all(['/one', '/two'].map(async path => await RawClient.open(new URL(path, base))))
  t.strictSame(await Promise.all(clients.map(async client => await client.call('where'))), ['/one', '/two'])
  t.equal((await clients[0]!.at(new URL('/two', base)).get()).status, 404)
  t.strictSame(await Promise.all([one, two].map(async ({ records }) => await records.count())), [1, 1])
})

t.test('an app with nothing to do does not keep the process alive', async t => {
  const app = Fastify()
  await app.register(holdfast, { createServer: serving() })
  await app.ready()
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'every timer is unref\'d')
  await app.close()
})
