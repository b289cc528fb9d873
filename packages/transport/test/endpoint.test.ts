import type { Principal } from '@holdfast/core'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { Call, type Client, said } from './fixtures/client.js'
import { fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { type Scripts, fixtureServer, say } from './fixtures/server.js'

const scripts: Scripts = { hello: () => 'hi' }

t.test('unknown, terminated, expired and foreign sessions get one and the same answer', async (t) => {
  let now = 1_000_000
  const [alice, bob]: Principal[] = [{ subject: 'alice' }, { subject: 'bob' }]
  const f = await fleet(t, { replicas: 2, scripts, memory: { now: () => now }, sessions: { ttl: { idle: 1_000 } } })
  const mismatches: unknown[] = []
  f.first.sessions.on('ownerMismatch', notice => { mismatches.push(notice.key) })
  const [expired, terminated] = [await f.client(alice).begin(), f.client(alice)]
  now += 1_001
  await terminated.begin()
  await terminated.delete()
  const foreign = await f.client(alice).begin()
  const absent = f.client(alice)
  absent.id = 'x'
  const nobody = f.client(alice)
  nobody.id = 'not an id, ü'

  const clients = [
    expired, terminated, absent, nobody, foreign.at(f.first.endpoint, bob), foreign.at(f.second.endpoint, bob),
    foreign.at(f.first.endpoint, null)
  ]
  for (const ask of [
    async (client: Client) => await client.do('hello', 1),
    async (client: Client) => await client.notify('notifications/initialized'),
    async (client: Client) => await client.answer('x'),
    async (client: Client) => await client.get(),
    async (client: Client) => await client.get('standalone.1'),
    async (client: Client) => await client.delete()
  ]) {
    const replies = []
    for (const client of clients) replies.push((await ask(client)).reply)
    t.equal(replies[0]?.status, 404)
    t.equal(new Set(replies.map(reply => JSON.stringify(reply))).size, 1)
  }
  t.equal(said((await foreign.do('hello')).json), 'hi', 'its owner is not disturbed')
  t.same(mismatches, [], 'telling takes time that whoever asks must not see')
  await f.first.endpoint.close()
  t.ok(mismatches.length > 0)
})

t.test('a request that names no session is refused', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  for (const received of [
    await client.do('hello', 4), await client.get(), await client.delete(), await client.notify('x')
  ]) {
    t.equal(received.status, 400)
    t.match(received.json.error, { code: -32000, message: /Mcp-Session-Id/ })
  }
  t.equal((await client.do('hello', 4)).json.id, 4)
})

t.test('an unsupported version is refused everywhere but in initialize', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const headers = { 'mcp-protocol-version': '2026-07-28' }
  t.equal((await client.post(client.doing('hello'), headers)).json.error.code, -32000)
  for (const reply of [
    await client.endpoint.get(client.inbound(undefined, headers)),
    await client.endpoint.delete(client.inbound(undefined, headers))
  ]) {
    t.equal(reply.status, 400)
  }
  client.version = '2031-01-01'
  t.equal((await client.do('hello')).json.error.data.requested, '2031-01-01')

  const modern = f.client()
  const { status, json } = await modern.post(modern.request('tools/list', {
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  }))
  t.equal(status, 400)
  t.equal(json.error.code, -32000, 'a client that needs no session learns what is spoken here')
})

t.test('without a version it is the one that the session agreed on', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const batch = [client.doing('hello', 1)]
  const call = new Call(null, { 'mcp-session-id': client.id as string }, batch)
  t.ok(Array.isArray((await client.send(call)).json))
})

t.test('initialize needs what a handshake needs', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  const good = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
  const bad = [
    undefined, {}, { ...good, protocolVersion: 1 }, { ...good, capabilities: [] }, { ...good, capabilities: undefined },
    { ...good, clientInfo: null },
    { ...good, clientInfo: { name: 'x' } }, { ...good, clientInfo: { name: 1, version: '1' } }
  ]
  for (const params of bad) {
    const { status, json } = await client.post({ jsonrpc: '2.0', id: 3, method: 'initialize', params })
    t.equal(status, 400)
    t.match(json, { id: 3, error: { code: -32602 } })
  }
  const { status } = await client.post([client.request('initialize', good)])
  t.equal(status, 400, 'not in a batch')
  t.equal(await f.first.sessions.count(), 0)
  t.equal(f.made.length, 0)
})

t.test('a handshake that the server refuses leaves nothing', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  const { status, json, headers } = await client.post(client.request('initialize', {
    protocolVersion: '2025-11-25', capabilities: { elicitation: 7 }, clientInfo: { name: 'x', version: '1' }
  }))
  t.equal(status, 200)
  t.ok(json.error)
  t.notOk(headers['mcp-session-id'])
  t.equal(await f.first.sessions.count(), 0)
  await eventually(() => f.first.endpoint.liveCount === 0)
})

t.test('an id that the client brings to initialize is ignored, and the version is agreed on', async (t) => {
  const f = await fleet(t, { scripts })
  const client = f.client()
  client.id = 'x'.repeat(43)
  client.version = '2031-01-01'
  const { json } = await client.initialize()
  t.not(client.id, 'x'.repeat(43))
  t.equal(json.result.protocolVersion, '2025-11-25')
  const session = await f.first.sessions.open(client.id as string, null)
  t.equal(session?.state.handshake.protocolVersion, '2025-11-25')
})

t.test('nothing goes out before the handshake is answered', async (t) => {
  for (const responseMode of ['auto', 'sse'] as const) {
    const gate = new Gate()
    const f = await fleet(t, {
      responseMode,
      streamAfter: 1,
      scripts,
      createServer: async (session, shared) => {
        const server = new McpServer({ name: 'slow', version: '1' }, { ...shared.serverOptions })
        server.server.fallbackRequestHandler = async () => ({})
        const { connect } = server
        server.connect = async transport => {
          await connect.call(server, transport)
          const { onmessage } = transport
          transport.onmessage = (message, extra) => { gate.passed.then(() => onmessage?.(message, extra), t.threw) }
        }
        return server
      }
    })
    const client = f.client()
    const reply = client.initialize()
    await new Promise(resolve => setTimeout(resolve, 10))
    gate.open()
    t.equal((await reply).status, 200)
    t.ok(client.id)
  }
})

t.test('a new session keeps the context of its request; later ones ask for none', async (t) => {
  const f = await fleet(t, { scripts: { context: ({ session }) => JSON.stringify(session.context) } })
  const client = f.client()
  let asked = 0
  const inbound = client.inbound.bind(client)
  client.inbound = (body, headers) => Object.assign(inbound(body, headers), {
    context: async () => ({ asked: ++asked })
  })
  await client.begin()
  t.equal(said((await client.do('context')).json), '{"asked":1}')
  t.equal(asked, 1)
})

t.test('the framework learns which session a request is of', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  for (const body of [client.doing('hello'), { jsonrpc: '2.0', method: 'notifications/initialized' }]) {
    const call = client.inbound(body)
    await client.send(call)
    t.equal(call.session?.id, client.id)
  }
})

t.test('a body that is no message is refused before anything is asked', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  f.first.weather.calls.length = 0
  for (const body of [undefined, 'x', [], { id: 1 }]) t.equal((await client.post(body)).status, 400)
  t.same(f.first.weather.calls, [])
})

t.test('an answer of one session to a request of another is refused', async (t) => {
  const f = await fleet(t, {
    scripts: {
      ask: async ({ server }) => (await server.server.elicitInput({
        message: '?', requestedSchema: { type: 'object', properties: {} }
      })).action
    }
  })
  const [one, other] = [await f.client().begin({ elicitation: {} }), await f.client().begin({ elicitation: {} })]
  const { events } = await one.do('ask')
  const { id } = await events.message()
  t.equal((await other.answer(id, { action: 'accept' })).status, 400)
  t.equal((await one.answer(0, { action: 'accept' })).status, 400, 'the id that the server knows means nothing')
  t.equal((await one.answer(id, { action: 'decline' })).status, 202)
  t.equal(said(await events.message()), 'decline')
})

t.test('the ids of a server\'s requests differ when its session comes back', async (t) => {
  const f = await fleet(t, {
    maxLive: 1,
    scripts: {
      ask: async ({ server }) => (await server.server.elicitInput({
        message: '?', requestedSchema: { type: 'object', properties: {} }
      })).action
    }
  })
  const client = await f.client().begin({ elicitation: {} })
  const ids = new Set()
  for (let round = 0; round < 3; round++) {
    const { events } = await client.do('ask')
    const { id } = await events.message()
    ids.add(id)
    await client.answer(id, { action: 'accept' })
    t.equal(said(await events.message()), 'accept')
    await f.client().begin()
  }
  t.equal(ids.size, 3)
})

t.test('progress of a client on a server\'s request arrives, and of others does not', async (t) => {
  const progressed: unknown[] = []
  const f = await fleet(t, {
    scripts: {
      ask: async ({ server }) => (await server.server.request(
        { method: 'elicitation/create', params: { message: '?', requestedSchema: { type: 'object', properties: {} } } },
        ElicitResultSchema,
        { onprogress: progress => { progressed.push(progress) } }
      )).action
    }
  })
  const client = await f.client().begin({ elicitation: {} })
  const { events } = await client.do('ask')
  const { id, params } = await events.message()
  t.equal(params._meta.progressToken, id)
  for (const progressToken of [0, 'x', id]) {
    await client.notify('notifications/progress', { progressToken, progress: 1 })
  }
  t.same(progressed, [{ progress: 1 }])
  await client.answer(id, { action: 'accept' })
  t.equal(said(await events.message()), 'accept')
})

t.test('a replica that drains takes nothing new and lets running calls end', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    scripts: {
      ...scripts,
      slow: async () => { await gate.passed; return 'done' },
      streaming: async scene => { await say(scene, 'begun'); await gate.passed; return 'done' }
    }
  })
  const client = await f.client().begin()
  const standalone = await client.get()
  const slow = client.do('slow')
  const streaming = await client.do('streaming')
  await turns()
  const drained = f.first.endpoint.drain(10_000)
  for (const received of [
    await client.do('hello'), await client.get(), await client.delete(), await f.client().initialize()
  ]) {
    t.equal(received.status, 503)
    t.equal(received.headers['retry-after'], '1')
  }
  t.same(await standalone.events.rest(), [])
  t.same(standalone.events.seen.at(-1), { retry: '5000' })
  gate.open()
  await drained
  t.equal(said((await slow).json), 'done')
  t.same((await streaming.events.rest()).length, 2)
})

t.test('while a replica drains, clients still answer and cancel calls that run there', async (t) => {
  const f = await fleet(t, {
    responseMode: 'sse',
    scripts: {
      ask: async ({ extra }) => (await extra.sendRequest(
        { method: 'elicitation/create', params: { message: '?', requestedSchema: { type: 'object', properties: {} } } },
        ElicitResultSchema
      )).action,
      stuck: async ({ extra: { signal } }) => {
        await new Promise(resolve => signal.addEventListener('abort', resolve))
      }
    }
  })
  const client = await f.client().begin({ elicitation: {} })
  const dormant = await f.client().begin()
  const asking = client.do('ask')
  const stuck = client.do('stuck', 77)
  const { events } = await asking
  const { id } = await events.message()
  const drained = f.first.endpoint.drain(10_000)
  t.equal((await client.answer(id, { action: 'accept' })).status, 202)
  t.equal(said(await events.message()), 'accept')
  t.equal((await client.notify('notifications/cancelled', { requestId: 77 })).status, 202)
  t.equal((await dormant.notify('notifications/roots/list_changed')).status, 202)
  await drained
  await (await stuck).events.rest()
})

t.test('what does not end in time is answered with an error', async (t) => {
  const f = await fleet(t, {
    scripts: {
      stuck: async () => await new Promise(() => {}),
      streaming: async scene => { await say(scene, 'begun'); await new Promise(() => {}) }
    }
  })
  const client = await f.client().begin()
  const [stuck, streaming] = [client.do('stuck', 1), await client.do('streaming', 2)]
  await turns()
  await f.first.endpoint.drain(5)
  t.equal((await stuck).status, 503)
  t.match((await stuck).json, { id: 1, error: { code: -32000, message: /interrupted/ } })
  t.match(await streaming.events.rest(), [{ params: { data: 'begun' } }, { id: 2, error: { message: /interrupted/ } }])
  await f.first.endpoint.close()
  t.equal(f.first.endpoint.liveCount, 0)
  t.same(f.made[0]?.disposed, ['closing'])
  t.equal(await f.first.sessions.count(), 1, 'the session goes on')
})

t.test('a server that is being made when the replica closes is closed, too', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    scripts,
    createServer: async (session, shared) => {
      await gate.passed
      return await fixtureServer({}, f.made)(session, shared)
    }
  })
  const reply = f.client().initialize()
  await turns()
  const closed = f.first.endpoint.close()
  await turns()
  gate.open()
  await closed
  t.equal((await reply).status, 503)
  t.same(f.made.map(({ disposed }) => disposed.length), [1])
})

t.test('closing while a session waits for its turn to start', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  const held = f.made[0] as any
  const dispose = new Gate()
  held.server.server.close = async () => { await dispose.passed }
  await f.client().begin()
  const reply = client.do('hello')
  await turns()
  const closed = f.first.endpoint.close()
  dispose.open()
  gate.open()
  await closed
  const { status } = await reply
  t.equal(status, 503, 'never a 404')
})
