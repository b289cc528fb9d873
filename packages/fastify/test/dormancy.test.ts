import t, { type Test } from 'tap'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Tools, echo, serving } from './fixtures/tools.js'
import type { DisposeReason, HoldfastOptions } from '../dist/index.js'

const tools: Tools = {
  ...echo,
  count: async ({ session }) => (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total,
  state: ({ session, server }) => ({
    restored: session.activated,
    data: session.data,
    capabilities: server.server.getClientCapabilities(),
    client: server.server.getClientVersion()
  })
}

interface Counted extends Started {
  made: () => number
  disposed: DisposeReason[]
  /** Resolves when a server was let go. */
  nextDisposal: () => Promise<void>
}

async function counted (t: Test, options: Partial<HoldfastOptions> = {}, more: Tools = {}): Promise<Counted> {
  let made = 0
  let next = latch()
  const disposed: DisposeReason[] = []
  const started = await start(t, {
    createServer: async (session, shared) => {
      made++
      const server = await serving({ ...tools, ...more })(session, shared) as any
      return { server, dispose: reason => { disposed.push(reason); next.open(); next = latch() } }
    },
    ...options
  })
  return { ...started, made: () => made, disposed, nextDisposal: async () => await next.opened }
}

t.test('the least recently used session makes room, and comes back as it was', async t => {
  const { url, made, disposed, app } = await counted(t, { live: { max: 2 } })
  let restored = 0
  app.mcpSessions.on('activated', () => { restored++ })
  const capabilities = { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } }
  const clients = []
  for (let n = 0; n < 4; n++) {
    const client = await RawClient.open(url, { capabilities })
    t.equal(await client.call('count'), 1)
    clients.push(client)
  }
  t.equal(made(), 4)
  t.strictSame(disposed, ['dormant', 'dormant'])
  for (const client of clients) {
    t.match(await client.call('state'), { restored: true, data: { total: 1 }, capabilities, client: { name: 'raw' } })
    t.equal(await client.call('count'), 2)
  }
  t.equal(restored, 4)
  t.equal(await app.mcpSessions.count(), 4)
})

t.test('a session that is not used becomes dormant in time', async t => {
  const { url, disposed, nextDisposal, made } = await counted(t, { live: { idle: 40 } })
  // It may rest before its client has read the answer.
  const gone = nextDisposal()
  const client = await RawClient.open(url)
  await gone
  t.strictSame(disposed, ['dormant'])
  t.match(await client.call('state'), { restored: true })
  t.equal(made(), 2)
})

t.test('many requests at once bring a session back once', async t => {
  const { url, made } = await counted(t, { live: { max: 1 } })
  const client = await RawClient.open(url)
  await RawClient.open(url)
  t.equal(made(), 2)
  const totals = await Promise.all(Array.from({ length: 50 }, async () => await client.call('count')))
  t.equal(made(), 3)
  t.strictSame(totals.sort((a, b) => a - b), Array.from({ length: 50 }, (_, index) => index + 1))
})

t.test('a held session stays, until it is let go', async t => {
  let release = (): void => {}
  const { url, disposed, nextDisposal, made } = await counted(t, { live: { max: 1, idle: 20 } }, {
    hold: ({ session }) => { release = session.hold() }
  })
  const client = await RawClient.open(url)
  await client.call('hold')
  const before = [made(), ...disposed]
  t.equal((await client.post({ jsonrpc: '2.0', id: 'x', method: 'ping' })).status, 200)
  await t.rejects(RawClient.open(url), /503/)
  await new Promise(resolve => setTimeout(resolve, 60))
  t.strictSame([made(), ...disposed], before)
  const gone = nextDisposal()
  release()
  release()
  await gone
  t.strictSame(disposed.at(-1), 'dormant')
  t.match(await client.call('state'), { restored: true })
})

t.test('a session is not made dormant under a running call', async t => {
  const [running, gate] = [latch(), latch()]
  const { url, disposed, made } = await counted(t, { live: { idle: 10 } }, {
    wait: async () => {
      running.open()
      await gate.opened
      return 'done'
    }
  })
  const client = await RawClient.open(url)
  const call = client.call('wait')
  await running.opened
  const before = [made(), ...disposed]
  await new Promise(resolve => setTimeout(resolve, 60))
  t.strictSame([made(), ...disposed], before)
  gate.open()
  t.equal(await call, 'done')
})

t.test('servers are disposed of once, and told why', async t => {
  const { url, disposed, app, nextDisposal } = await counted(t, { ttl: { absolute: '2s' } })
  const [deleted, left] = [await RawClient.open(url), await RawClient.open(url)]
  let gone = nextDisposal()
  await deleted.delete()
  await gone
  t.strictSame(disposed, ['terminated'])
  gone = nextDisposal()
  await gone
  t.strictSame(disposed, ['terminated', 'expired'])
  t.equal((await left.get()).status, 404)
  await RawClient.open(url)
  await app.close()
  t.strictSame(disposed, ['terminated', 'expired', 'closing'])
})

t.test('a dispose that fails is reported and harms nothing', async t => {
  const { url, app } = await start(t, {
    live: { max: 1 },
    createServer: async (session, shared) => ({
      server: await serving(tools)(session, shared) as any,
      dispose: async () => { throw new Error('stuck') }
    })
  })
  const errors: unknown[] = []
  app.mcpSessions.on('error', ({ error }) => { errors.push(error) })
  const client = await RawClient.open(url)
  await RawClient.open(url)
  t.match(await client.call('state'), { restored: true })
  t.match(errors, [{ message: 'stuck' }])
})

t.test('the log level and subscriptions are in force again', async t => {
  const levels: unknown[] = []
  const { url } = await start(t, {
    live: { max: 1 },
    createServer: async (session, shared) => {
      const server = await serving(tools)(session, shared) as any
      const seen = (method: string): void => {
        const handlers = server.server._requestHandlers
        const handler = handlers.get(method) ?? (async () => ({}))
        handlers.set(method, async (request: any, extra: unknown) => {
          levels.push([method, request.params])
          return await handler(request, extra)
        })
      }
      for (const method of ['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) seen(method)
      return server
    }
  })
  const client = await RawClient.open(url)
  const ask = async (method: string, params: object): Promise<void> => {
    const response = await client.post({ jsonrpc: '2.0', id: method, method, params })
    t.match(await response.json(), { result: {} })
  }
  await ask('logging/setLevel', { level: 'info' })
  await ask('logging/setLevel', { level: 'error' })
  for (const uri of ['test://a', 'test://b', 'test://a']) await ask('resources/subscribe', { uri })
  await ask('resources/unsubscribe', { uri: 'test://b' })
  await RawClient.open(url)
  levels.length = 0
  await client.call('echo')
  t.strictSame(levels, [['logging/setLevel', { level: 'error' }], ['resources/subscribe', { uri: 'test://a' }]])
})
