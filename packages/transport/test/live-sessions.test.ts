import { mock } from 'node:test'
import { inspect } from 'node:util'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { InitializeRequestSchema, SetLevelRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import type { CreateServer } from '../dist/index.js'
import { said } from './fixtures/client.js'
import { fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { type Made, type Scripts, fixtureServer } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi',
  who: ({ server, session }) => JSON.stringify([
    session.activated, server.server.getClientVersion()?.name, server.server.getClientCapabilities()
  ]),
  count: async ({ session }) => (await session.update(data => { data.n = (data.n ?? 0) + 1 })).n,
  hold: ({ session }) => { session.hold() }
}

/** A factory that tells each session's first making from later ones. */
function factory (make: CreateServer, restore: CreateServer): CreateServer {
  return (session, shared) => (session.activated ? restore : make)(session, shared)
}

t.test('a session that nobody uses becomes dormant, and comes back as it was', async (t) => {
  const f = await fleet(t, { dormantAfter: 20, scripts })
  const restored: unknown[] = []
  f.first.sessions.on('activated', notice => { restored.push(notice.key) })
  const client = await f.client().begin({ elicitation: {}, roots: {} })
  await client.post(client.request('logging/setLevel', { level: 'error' }))
  await client.post(client.request('resources/subscribe', { uri: 'a:1' }))
  await client.post(client.request('resources/subscribe', { uri: 'a:2' }))
  await client.post(client.request('resources/unsubscribe', { uri: 'a:1' }))
  await client.do('count')
  await eventually(() => f.first.endpoint.liveCount === 0)
  t.same(f.made[0]?.disposed, ['dormant'])
  t.equal(f.made[0]?.closed, 1)
  t.same(JSON.parse(said((await client.do('who')).json)), [true, 'by-hand', { elicitation: { form: {} }, roots: {} }])
  t.equal(said((await client.do('count')).json), '2')
  const back = f.made.at(-1) as Made
  t.same([...back.subscriptions], ['a:2'])
  t.equal(back.initialized, 1)
  t.ok(restored.length >= 1)
})

t.test('a session that was never initialized comes back so', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const [one, two] = [f.client(), f.client()]
  await one.initialize()
  await two.begin()
  await one.do('hello')
  t.same(f.made.map(made => made.initialized), [0, 1, 0])
})

t.test('the least recently used makes room', async (t) => {
  const f = await fleet(t, { maxLive: 2, scripts })
  const [a, b, c] = [await f.client().begin(), await f.client().begin(), f.client()]
  await a.do('hello')
  await c.begin()
  await turns()
  t.same(f.made.map(({ disposed }) => disposed), [[], ['dormant'], []])
  t.equal(f.first.endpoint.liveCount, 2)
  t.equal((await b.do('hello')).status, 200)
})

t.test('when all are busy, there is no room', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const limits: unknown[] = []
  f.first.sessions.on('limitReached', notice => { limits.push(notice) })
  const one = await f.client().begin()
  await one.do('hold')
  const refused = await f.client().initialize()
  t.same(limits, [{ limit: 'maxLive', owner: '', admitted: false }])
  t.equal(refused.status, 503)
  t.equal(refused.headers['retry-after'], '10')
  t.equal(await f.first.sessions.count(), 1, 'the record of the refused session is gone')
  t.equal((await one.do('hello')).status, 200)
})

t.test('when all are in use for a moment, a session waits for room', async (t) => {
  const gates = [new Gate(), new Gate()]
  const f = await fleet(t, {
    maxLive: 2,
    scripts: { ...scripts, zero: async () => { await gates[0]?.passed }, one: async () => { await gates[1]?.passed } }
  })
  const [zero, one] = [await f.client().begin(), await f.client().begin()]
  const busy = [zero.do('zero'), one.do('one')]
  await turns()
  const order: string[] = []
  const waiting = ['a', 'b'].map(async name => { await f.client().begin(); order.push(name) })
  await turns()
  t.same(order, [])
  gates[0]?.open()
  await waiting[0]
  t.same(order[0], 'a', 'who waits longest is first')
  gates[1]?.open()
  await Promise.all([...waiting, ...busy])
  t.equal(f.first.endpoint.liveCount, 2)
})

t.test('a notification that needs no server still reaches the one that is being made', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    maxLive: 1,
    createServer: factory(fixtureServer(scripts, []), async (session, shared) => {
      await gate.passed
      return await fixtureServer(
        { slow: async ({ extra }) => await new Promise(resolve => extra.signal.addEventListener('abort', resolve)) }, []
      )(session, shared)
    })
  })
  const client = await f.client().begin()
  await f.client().begin()
  const reply = client.do('slow', 5)
  await turns()
  const cancelled = client.notify('notifications/cancelled', { requestId: 5 })
  gate.open()
  t.equal((await cancelled).status, 202)
  t.equal((await reply).text, '')
})

t.test('one server for two sessions is refused', async (t) => {
  const server = new McpServer({ name: 'shared', version: '1' })
  const f = await fleet(t, { createServer: () => server })
  t.equal((await f.client().initialize()).status, 200)
  t.equal((await f.client().initialize()).status, 500)
  t.match(f.first.errors, [{ code: 'HOLDFAST_FACTORY_FAILED', message: /returned before/ }])
})

t.test('a server that fails to close is disposed of all the same', async (t) => {
  const disposed: string[] = []
  const make = fixtureServer(scripts, [])
  const f = await fleet(t, {
    createServer: async (session, shared) => {
      const { server } = await make(session, shared) as any
      server.close = async () => { throw new Error('will not close') }
      return { server, dispose: reason => { disposed.push(reason) } }
    }
  })
  const client = await f.client().begin()
  await client.delete()
  await eventually(() => f.first.errors.length > 0)
  t.same(disposed, ['terminated'])
  t.match(f.first.errors, [{ message: 'will not close' }])
})

t.test('a server knows the revision that was agreed on', async (t) => {
  const f = await fleet(t, { scripts: { revision: ({ session }) => session.protocolVersion } })
  const client = f.client()
  client.version = '2025-06-18'
  await client.begin()
  t.equal(said((await client.do('revision')).json), '2025-06-18')
})

t.test('a session that waits for its client, or is held, stays live', async (t) => {
  const f = await fleet(t, {
    dormantAfter: 10,
    scripts: {
      ...scripts,
      ask: ({ server }) => {
        server.server.elicitInput({ message: '?', requestedSchema: { type: 'object', properties: {} } }).catch(() => {})
      },
      hold: ({ session }) => {
        const release = session.hold()
        setTimeout(() => {
          release()
          release()
        }, 60)
        session.hold()()
      }
    }
  })
  const asking = await f.client().begin({ elicitation: {} })
  const { events } = await asking.do('ask')
  const holding = await f.client().begin()
  await holding.do('hold')
  await new Promise(resolve => setTimeout(resolve, 40))
  t.equal(f.first.endpoint.liveCount, 2)
  await asking.answer((await events.message()).id, { action: 'decline' })
  await eventually(() => f.first.endpoint.liveCount === 0)
  t.ok((await asking.get()).isStream, 'an open stream needs no server object')
  t.equal(f.first.endpoint.liveCount, 0)
})

t.test('fifty requests for a dormant session share one restore', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  await f.client().begin()
  const before = f.made.length
  const replies = await Promise.all(Array.from({ length: 50 }, async () => await client.do('count')))
  t.ok(replies.every(({ status }) => status === 200))
  t.equal(f.made.length, before + 1)
  t.equal(said((await client.do('count')).json), '51')
})

t.test('sessions that start at the same time do not push each other out before they are used', async (t) => {
  const f = await fleet(t, { maxLive: 4, scripts })
  const clients = await Promise.all(Array.from({ length: 4 }, async () => await f.client().begin()))
  for (let round = 0; round < 5; round++) {
    const others = await Promise.all(Array.from({ length: 4 }, async () => await f.client().begin()))
    const replies = await Promise.all([...clients, ...others].map(async client => await client.do('hello')))
    t.same(new Set(replies.map(({ status }) => status === 200 || status === 503)), new Set([true]))
    t.ok(f.first.endpoint.liveCount <= 4)
  }
})

t.test('notifications that need no server do not wake a session', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  const before = f.made.length
  for (const method of ['notifications/initialized', 'notifications/cancelled', 'notifications/progress']) {
    t.equal((await client.notify(method)).status, 202)
  }
  t.equal((await client.answer('x')).status, 400)
  t.equal((await client.answer(`${f.first.name}.1`)).status, 400)
  t.equal(f.made.length, before)
  await client.notify('notifications/roots/list_changed')
  t.equal(f.made.length, before + 1)
})

t.test('a factory that fails is a defect of ours, and says so to us only', async (t) => {
  for (const createServer of [
    () => { throw new Error('secret') },
    async () => { throw new Error('secret') },
    () => undefined as any,
    () => ({}) as any,
    () => ({ server: {} }) as any,
    () => ({ connect: async () => { throw new Error('secret') }, close: async () => {} })
  ] as CreateServer[]) {
    const f = await fleet(t, { createServer })
    const { status, text } = await f.client().initialize()
    t.equal(status, 500)
    t.notMatch(text, /secret/)
    t.match(f.first.errors, [{ code: 'HOLDFAST_FACTORY_FAILED' }])
    t.equal(await f.first.sessions.count(), 0)
    t.equal(f.first.endpoint.liveCount, 0)
  }
})

t.test('a server that closes itself while it starts has failed', async (t) => {
  const f = await fleet(t, {
    createServer: () => {
      const server = new McpServer({ name: 'shy', version: '1' })
      return {
        connect: async transport => { await server.connect(transport); await server.close() },
        close: async () => {}
      }
    }
  })
  t.equal((await f.client().initialize()).status, 500)
})

t.test('a server that refuses the handshake of its session has failed', async (t) => {
  const disposed: string[] = []
  const f = await fleet(t, {
    maxLive: 1,
    createServer: factory(fixtureServer(scripts, []), () => ({
      server: new McpServer({ name: 'none', version: '1' }), dispose: reason => { disposed.push(reason) }
    }))
  })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  const failed: unknown[] = []
  f.first.sessions.on('activationFailed', notice => { failed.push(notice) })
  // A record from elsewhere: its client said something that no server takes.
  const session = await f.first.sessions.open(client.id as string, null)
  await session?.change(state => ({
    ...state, handshake: { ...state.handshake, initialize: { protocolVersion: 1 } as any }
  }))
  const { status } = await client.do('hello')
  t.equal(status, 500)
  t.match(f.first.errors, [{ message: 'the server refused the handshake of its session' }])
  t.match(failed, [{ key: session?.key, label: /^[\w-]{8}$/, owner: '', error: { code: 'HOLDFAST_FACTORY_FAILED' } }])
  t.same(disposed, ['closing'], 'once')
})

t.test('a server that hangs in the handshake of its session is given up, and disposed of once', async (t) => {
  const disposed: string[] = []
  const f = await fleet(t, {
    maxLive: 1,
    factoryTimeout: 30,
    createServer: factory(fixtureServer(scripts, []), () => {
      const server = new McpServer({ name: 'slow', version: '1' })
      server.server.setRequestHandler(InitializeRequestSchema, async () => await new Promise(() => {}))
      return { server, dispose: reason => { disposed.push(reason) } }
    })
  })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  t.equal((await client.do('hello')).status, 503)
  await turns()
  t.same(disposed, ['closing'])
})

t.test('a factory that hangs is given up, and its server is closed when it comes late', async (t) => {
  const gate = new Gate()
  const made: Made[] = []
  const make = fixtureServer(scripts, made)
  const f = await fleet(t, {
    factoryTimeout: 20,
    createServer: async (session, shared) => { await gate.passed; return await make(session, shared) }
  })
  const { status, headers } = await f.client().initialize()
  t.equal(status, 503)
  t.equal(headers['retry-after'], '5')
  t.equal(await f.first.sessions.count(), 0)
  gate.open()
  await eventually(() => made[0]?.disposed.length === 1)
  t.equal(made[0]?.closed, 1)
})

t.test('a restore that comes late is closed once', async (t) => {
  const gate = new Gate()
  const made: Made[] = []
  const make = fixtureServer(scripts, made)
  let hang = true
  const f = await fleet(t, {
    maxLive: 1,
    factoryTimeout: 50,
    createServer: factory(make, async (session, shared) => {
      if (hang) await gate.passed
      return await make(session, shared)
    })
  })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  t.equal((await client.do('hello')).status, 503)
  hang = false
  t.equal((await client.do('hello')).status, 200, 'the next request tries again')
  gate.open()
  await eventually(() => made.at(-1)?.disposed.length === 1)
  await turns()
  t.same(made.at(-1)?.disposed, ['closing'])
  t.equal((await client.do('hello')).status, 200)
})

t.test('a factory that fails after it was given up changes nothing', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    factoryTimeout: 10,
    createServer: async () => { await gate.passed; throw new Error('late') }
  })
  t.equal((await f.client().initialize()).status, 503)
  gate.open()
  await turns()
  t.same(f.first.errors, [])
})

t.test('a session that ends while it starts is gone, and its server closed', async (t) => {
  const gate = new Gate()
  const made: Made[] = []
  const make = fixtureServer(scripts, made)
  const f = await fleet(t, {
    maxLive: 1,
    createServer: factory(make, async (session, shared) => { await gate.passed; return await make(session, shared) })
  })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  const reply = client.do('hello')
  await turns()
  t.equal((await client.delete()).status, 200)
  gate.open()
  t.equal((await reply).status, 404)
  t.same(made.at(-1)?.disposed, ['closing'])
  t.equal((await client.do('hello')).status, 404)
})

t.test('a session that ends while it is looked up is gone', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const held = f.first.weather.hold('records.touch')
  const reply = client.do('hello')
  await held.reached
  t.equal((await client.delete()).status, 200)
  held.release()
  t.equal((await reply).status, 404)
  t.equal(f.first.endpoint.liveCount, 0)
  t.same(f.made[0]?.disposed, ['terminated'])
})

t.test('a session that expired is dropped with its streams', async (t) => {
  let now = 1_000_000
  const f = await fleet(t, { scripts, memory: { now: () => now }, sessions: { ttl: { idle: 1_000 } } })
  const [swept, asked] = [await f.client().begin(), await f.client().begin()]
  const streams = [await swept.get(), await asked.get()]
  now += 1_001
  t.equal((await asked.do('hello')).status, 404)
  t.same(f.made.map(({ disposed }) => disposed), [[], ['expired']])
  await f.first.sessions.sweep()
  await eventually(() => f.made[0]?.disposed.length === 1)
  t.same(f.made[0]?.disposed, ['expired'])
  for (const { events } of streams) t.same(await events.rest(), [])
})

t.test('a server that closes itself is replaced at the next request', async (t) => {
  const f = await fleet(t, { scripts: { ...scripts, quit: async ({ server }) => { await server.close() } } })
  const client = await f.client().begin()
  t.equal((await client.do('quit')).status, 503)
  t.equal(said((await client.do('hello')).json), 'hi')
  t.equal(f.made.length, 2)
  t.same(f.made[0]?.disposed, ['dormant'])
})

t.test('a server that closes itself while its session is looked up is replaced', async (t) => {
  const f = await fleet(t, {
    maxLive: 1,
    scripts: { ...scripts, quit: async ({ server }) => { await server.close() } }
  })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  const held = f.first.weather.hold('records.touch')
  const late = client.do('hello')
  await held.reached
  t.equal((await client.do('quit')).status, 503)
  held.release()
  t.equal((await late).status, 200)
})

t.test('a session that came back while it was looked up is not brought back twice', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  const held = f.first.weather.hold('records.touch')
  const late = client.do('count')
  await held.reached
  t.equal(said((await client.do('count')).json), '1')
  held.release()
  t.equal(said((await late).json), '2')
  t.equal(f.made.length, 3)
})

t.test('a session in use is not evicted', async (t) => {
  const ada = { subject: 'ada' }
  const f = await fleet(t, { scripts, sessions: { limits: { maxPerOwner: 3, evict: 'idle' } } })
  const [listening, held, idle] = [
    await f.client(ada).begin(), await f.client(ada).begin(), await f.client(ada).begin()
  ]
  const { events } = await listening.get()
  await held.do('hold')
  await f.client(ada).begin()
  t.equal((await idle.do('hello')).status, 404)
  t.equal((await held.do('hello')).status, 200)
  t.equal((await listening.do('hello')).status, 200)
  events.close()
})

t.test('a session that ends in the moment it is restored is gone', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  f.first.sessions.on('activated', notice => {
    f.first.sessions.emit('terminated', { ...notice, reason: 'terminated' })
  })
  t.equal((await client.do('hello')).status, 404)
  await eventually(() => f.made.at(-1)?.disposed.length === 1)
  t.same(f.made.at(-1)?.disposed, ['terminated'])
})

t.test('what a server is asked when it closes is over', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { replicas: 2, scripts })
  const client = await f.client().begin()
  const asked = new Gate()
  f.made[0]?.server.server.setRequestHandler(SetLevelRequestSchema, async () => {
    asked.open()
    await gate.passed
    return {}
  })
  await client.at(f.second.endpoint).post(client.request('logging/setLevel', { level: 'error' }))
  const reply = client.do('hello')
  await asked.passed
  t.equal((await client.delete()).status, 200)
  t.equal((await reply).status, 404)
})

t.test('a session can end itself, and still answer', async (t) => {
  const f = await fleet(t, {
    scripts: {
      ...scripts,
      end: async ({ session }) => {
        await session.terminate()
        return 'ended'
      }
    }
  })
  const client = await f.client().begin()
  const { events } = await client.get()
  t.equal(said((await client.do('end')).json), 'ended')
  t.same(await events.rest(), [])
  t.equal((await client.do('hello')).status, 404)
  await eventually(() => f.made[0]?.disposed.length === 1)
  t.same(f.made[0]?.disposed, ['terminated'])
})

t.test('a session comes back only after the server before was disposed of', async (t) => {
  const gate = new Gate()
  const order: string[] = []
  const make = fixtureServer(scripts, [])
  const f = await fleet(t, {
    maxLive: 1,
    createServer: async (session, shared) => {
      const { server } = await make(session, shared) as any
      order.push('made')
      return { server, dispose: async () => { order.push('disposing'); await gate.passed; order.push('disposed') } }
    }
  })
  const client = await f.client().begin()
  await f.client().begin()
  const reply = client.do('hello')
  await turns()
  t.same(order, ['made', 'made', 'disposing'])
  gate.open()
  t.equal((await reply).status, 200)
  t.ok(order.indexOf('disposed') < order.lastIndexOf('made'))
})

t.test('a server that cannot be disposed of is reported, and stops nothing', async (t) => {
  const make = fixtureServer(scripts, [])
  const f = await fleet(t, {
    createServer: async (session, shared) => ({
      ...await make(session, shared) as any,
      dispose: () => { throw new Error('stuck') }
    })
  })
  const client = await f.client().begin()
  t.equal((await client.delete()).status, 200)
  await eventually(() => f.first.errors.length > 0)
  t.match(f.first.errors, [{ message: 'stuck' }])
})

t.test('a server that takes for ever to dispose of is left behind after ten seconds', async (t) => {
  const make = fixtureServer(scripts, [])
  const never = new Gate()
  const f = await fleet(t, {
    createServer: async (session, shared) => ({
      ...await make(session, shared) as any,
      dispose: async () => { await never.passed }
    })
  })
  const client = await f.client().begin()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  t.equal((await client.delete()).status, 200)
  await turns()
  mock.timers.tick(10_000)
  await turns()
  t.match(f.first.errors, [{ message: 'a server was not disposed of in time' }])
})

t.test('neither the id nor the context of a session is printed', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  Object.assign(client, {
    inbound: (body: unknown, headers = {}) => Object.assign(
      Object.getPrototypeOf(client).inbound.call(client, body, headers), { context: () => ({ password: 'secret' }) }
    )
  })
  await client.begin()
  const { session } = f.made[0] as Made
  t.same(session.context, { password: 'secret' })
  t.same(session.data, {})
  t.equal(session.principal, null)
  t.equal(session.id, client.id)
  t.equal(session.replica, f.first.name)
  for (const text of [inspect(session), JSON.stringify(session)]) {
    t.notMatch(text, /secret/)
    t.notOk(text.includes(client.id as string))
    t.ok(text.includes(f.first.name))
  }
})
