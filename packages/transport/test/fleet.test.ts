import t from 'tap'
import { said } from './fixtures/client.js'
import { type Fleet, fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { type Made, type Scripts, say } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi',
  count: async ({ session }) => (await session.update(data => { data.n = (data.n ?? 0) + 1 })).n,
  ask: async ({ server }) => (await server.server.elicitInput({
    message: '?', requestedSchema: { type: 'object', properties: {} }
  })).action
}

async function announce (f: Fleet, data: unknown): Promise<void> {
  await (f.made[0] as Made).server.server.sendLoggingMessage({ level: 'info', data })
}

const data = (messages: any[]): unknown[] =>
  messages.map(({ params, result, error }) => params?.data ?? error?.message ?? result.content[0].text)

t.test('a session lives on every replica, and what it keeps is exact', async (t) => {
  const f = await fleet(t, { replicas: 3, scripts })
  const client = await f.client().begin()
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => await client.at(f.replicas[n % 3]?.endpoint as any).do('count'))
  )
  t.equal(said((await client.do('count')).json), '61')
  t.same(f.made.map(({ session }) => session.activated), [false, true, true])
})

t.test('what a client sets on one replica holds on the others', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin()
  const there = here.at(f.second.endpoint)
  await there.do('hello')
  await here.post(here.request('resources/subscribe', { uri: 'a:1' }))
  await here.post(here.request('resources/subscribe', { uri: 'a:2' }))
  await there.do('hello')
  t.same([...f.made[1]?.subscriptions ?? []], ['a:1', 'a:2'])
  await there.post(there.request('resources/unsubscribe', { uri: 'a:1' }))
  t.same([...f.made[0]?.subscriptions ?? []], ['a:1', 'a:2'])
  await here.do('hello')
  t.same([...f.made[0]?.subscriptions ?? []], ['a:2'])
})

t.test('an answer finds the replica that asked', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin({ elicitation: {} })
  const there = here.at(f.second.endpoint)
  const { events } = await here.do('ask')
  const { id } = await events.message()
  t.equal((await there.answer(id, { action: 'accept' })).status, 202)
  t.equal(said(await events.message()), 'accept')
  t.equal((await there.answer(id, { action: 'accept' })).status, 202, 'whether it was awaited is known elsewhere')
  t.equal((await there.answer('0123456789abcdef.1', { action: 'accept' })).status, 400, 'a replica that is not there')
})

t.test('progress and cancellation find the replica that they concern', async (t) => {
  const aborted = new Gate()
  const f = await fleet(t, {
    replicas: 2,
    scripts: {
      ...scripts,
      slow: async ({ extra }) => await new Promise<void>(resolve => extra.signal.addEventListener('abort', () => {
        aborted.open()
        resolve()
      })),
      ask: async ({ server }) => (await server.server.elicitInput(
        { message: '?', requestedSchema: { type: 'object', properties: {} } },
        { onprogress: ({ progress }) => { progressed.open(progress) } }
      )).action
    }
  })
  const progressed = new Gate<number>()
  const here = await f.client().begin({ elicitation: {} })
  const there = here.at(f.second.endpoint)

  const slow = here.do('slow', 5)
  await turns()
  t.equal((await there.notify('notifications/cancelled', { requestId: 5 })).status, 202)
  await aborted.passed
  t.equal((await slow).text, '')

  const { events } = await here.do('ask')
  const { id } = await events.message()
  t.equal((await there.notify('notifications/progress', { progressToken: id, progress: 7 })).status, 202)
  t.equal(await progressed.passed, 7)
  await here.answer(id, { action: 'accept' })
  t.equal(said(await events.message()), 'accept')
})

t.test('a session that ends on one replica ends on all', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin()
  const there = here.at(f.second.endpoint)
  await there.do('hello')
  const { events } = await there.get()
  t.equal((await here.delete()).status, 200)
  t.same(await events.rest(), [])
  await eventually(() => f.second.endpoint.liveCount === 0)
  t.same(f.made.map(({ disposed }) => disposed), [['terminated'], ['terminated']])
  t.equal((await there.do('hello')).status, 404)
})

t.test('a session that expires is dropped where it is live', async (t) => {
  let now = 1_000_000
  const f = await fleet(t, { replicas: 2, scripts, memory: { now: () => now }, sessions: { ttl: { idle: 1_000 } } })
  await f.client().begin()
  now += 2_000
  await f.second.sessions.sweep()
  await eventually(() => f.made[0]?.disposed.length === 1)
  t.same(f.made[0]?.disposed, ['expired'])
})

t.test('a call is resumed on another replica while it runs', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    replicas: 2,
    scripts: {
      slow: async scene => {
        await say(scene, 'one')
        await gate.passed
        await say(scene, 'two')
        return 'done'
      }
    }
  })
  const here = await f.client().begin()
  const { events } = await here.do('slow')
  t.equal((await events.message()).params.data, 'one')
  const elsewhere = (await here.at(f.second.endpoint).get(events.cursor)).events
  await elsewhere.block()
  await turns()
  gate.open()
  t.same(data(await elsewhere.rest()), ['two', 'done'])
  t.same(await events.rest(), [], 'the old response fell silent')
})

t.test('of two replicas that open one stream at the same time, one receives', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin()
  const there = here.at(f.second.endpoint)
  const { bus } = f.backend
  const publish = bus.publish.bind(bus)
  for (let n = 1; n <= 6; n++) {
    const opened = new Gate()
    bus.publish = async (channel, message) => {
      await opened.passed
      return await publish(channel, message)
    }
    const both = n % 2 === 0 ? [here, there] : [there, here]
    const streams = await Promise.all(both.map(async client => (await client.get()).events))
    for (const stream of streams) await stream.block()
    opened.open()
    await turns()
    await announce(f, n)
    const heard = await Promise.any(streams.map(async (stream, index) => ({ index, message: await stream.message() })))
    t.equal(heard.message.params.data, n)
    await turns()
    for (const stream of streams) stream.close()
    t.same(await (streams[1 - heard.index] as typeof streams[number]).rest(), [], 'and the other does not')
    await turns()
  }
})

t.test('the standalone stream is heard on whichever replica listens', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin()
  const there = here.at(f.second.endpoint)
  const first = (await here.get()).events
  await announce(f, 1)
  t.equal((await first.message()).params.data, 1)
  const second = (await there.get(first.cursor)).events
  await second.block()
  await turns()
  for (const n of [2, 3]) await announce(f, n)
  t.same(data([await second.message(), await second.message()]), [2, 3])
  second.close()
  await turns()
  await announce(f, 4)
  const third = (await here.get()).events
  t.same(data([await third.message()]), [4], 'what was never sent, wherever it was not')
  first.close()
  third.close()
})

t.test('a lost message costs no more than a heartbeat', async (t) => {
  const f = await fleet(t, { replicas: 2, heartbeat: 30, scripts })
  f.second.weather.shared = true
  const here = await f.client().begin()
  const { events } = await here.at(f.second.endpoint).get()
  await events.block()
  await turns()
  f.first.weather.losing = true
  await announce(f, 'hint lost')
  t.equal((await events.message()).params.data, 'hint lost')
  events.close()
})

t.test('a session that ended unheard is dropped at its next use', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin()
  const there = here.at(f.second.endpoint)
  await there.do('hello')
  f.first.weather.losing = true
  await here.delete()
  t.equal(f.second.endpoint.liveCount, 1)
  t.equal((await there.do('hello')).status, 404)
  t.equal(f.second.endpoint.liveCount, 0)
})

t.test('a call whose replica died ends with an error soon', async (t) => {
  const heartbeat = 300
  const f = await fleet(t, {
    replicas: 2,
    heartbeat,
    scripts: { stuck: async scene => { await say(scene, 'begun'); await new Promise(() => {}) } }
  })
  const here = await f.client().begin()
  const { events } = await here.do('stuck', 'mine')
  await events.message()
  f.first.weather.down = true
  const died = performance.now()
  const elsewhere = (await here.at(f.second.endpoint).get(events.cursor)).events
  t.match(await elsewhere.rest(), [{ id: 'mine', error: { code: -32000, message: /interrupted/ } }])
  t.ok(performance.now() - died < 20 * heartbeat, 'ten times what is promised: the machine may be busy')
  t.equal((await here.at(f.second.endpoint).get(elsewhere.cursor)).status, 204)
})

t.test('a call that ended on a dead replica is not run again, but told in full', async (t) => {
  const f = await fleet(t, {
    replicas: 2,
    heartbeat: 40,
    scripts: { talk: async scene => { await say(scene, 'one'); return 'done' } }
  })
  const here = await f.client().begin()
  const { events } = await here.do('talk')
  await events.message()
  events.close()
  await turns()
  f.first.weather.down = true
  const elsewhere = (await here.at(f.second.endpoint).get(events.cursor)).events
  t.same(data(await elsewhere.rest()), ['done'])
})

t.test('a replica that joins later serves what is there', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  await client.do('count')
  await f.first.endpoint.drain(10)
  await f.first.endpoint.close()
  const next = await f.join()
  t.equal(said((await client.at(next.endpoint).do('count')).json), '2')
  t.same(await f.backend.presence.list(), [next.name])
})

t.test('what is stored and sent can be sealed', async (t) => {
  const turn = async (bytes: Uint8Array): Promise<Uint8Array> => {
    await turns(1)
    return bytes.map(byte => byte ^ 0x55)
  }
  const f = await fleet(t, {
    replicas: 2,
    scripts: { ...scripts, talk: async scene => { await say(scene, 'one'); return 'done' } },
    sessions: { codec: { seal: turn, open: turn } }
  })
  const here = await f.client().begin({ elicitation: {} })
  const there = here.at(f.second.endpoint)
  const { events } = await here.do('talk')
  const all = data(await events.rest())
  t.same(data(await (await there.get(events.cursor.replace(/\d+$/, '0'))).events.rest()), all)
  const asking = (await here.do('ask')).events
  const { id } = await asking.message()
  t.equal((await there.answer(id, { action: 'accept' })).status, 202)
  t.equal(said(await asking.message()), 'accept')
})

t.test('what others say of things that are not here is passed over', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const client = await f.client().begin()
  const { key } = (await f.first.sessions.open(client.id as string, null)) as any
  const { fleet: bus } = f.second.sessions
  for (const [type, details] of [
    ['no such type', {}], ['answer', { message: { id: 1 } }], ['answer', { message: {} }],
    ['notification', { message: { id: 1, jsonrpc: '2.0', method: 'x' } }],
    ['answer', { message: { jsonrpc: '2.0', id: 'x', result: {} } }], ['wake', { stream: 'none' }],
    ['takeover', { stream: 'none', number: 1 }],
    ['listening', {}], ['gone', { keys: ['no.such'], reason: 'expired' }]
  ] as any) {
    await bus.tell(type, 'no.such', details)
    await bus.tell(type, key, details)
  }
  await turns()
  t.same(f.first.errors, [])
  t.equal((await client.do('hello')).status, 200)
})

t.test('each request of a dead replica gets its error, even where the log has no room for all', async (t) => {
  const f = await fleet(t, {
    replicas: 2,
    heartbeat: 40,
    memory: { maxEntries: 1 },
    scripts: { stuck: async scene => { await say(scene, 'begun'); await new Promise(() => {}) } }
  })
  const here = f.client()
  here.version = '2025-03-26'
  await here.begin()
  const { events } = await here.post([
    here.doing('stuck', 1), here.request('tools/call', { name: 'do', arguments: { what: 'stuck' } }, 2)
  ])
  await events.message()
  await events.message()
  f.first.weather.down = true
  const elsewhere = (await here.at(f.second.endpoint).get(events.cursor)).events
  t.match(await elsewhere.rest(), [{ id: 1, error: { code: -32000 } }, { id: 2, error: { code: -32000 } }])
})

t.test('a response whose session ended unheard ends at the next heartbeat', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    replicas: 2,
    heartbeat: 400,
    scripts: { slow: async scene => { await say(scene, 'begun'); await gate.passed } }
  })
  const here = await f.client().begin()
  const { events } = await here.do('slow')
  await events.message()
  const elsewhere = (await here.at(f.second.endpoint).get(events.cursor)).events
  await elsewhere.block()
  f.first.weather.losing = true
  await here.delete()
  t.same(await elsewhere.rest(), [])
  gate.open()
})

t.test('messages about parked calls go to who parks calls', async (t) => {
  const heard: unknown[] = []
  const f = await fleet(t, {
    replicas: 2,
    fleetHandlers: {
      'call-leave': ({ key, reader }) => { heard.push([key, reader]) },
      'call-unknown': () => { throw new Error('a failing handler') }
    }
  })
  const { sessions } = f.first
  await sessions.fleet.tellReplica(f.second.name, 'call-leave', 'tag.key', { reader: 'r' })
  await sessions.fleet.tellReplica(f.second.name, 'call-said', 'tag.key', { after: 0, entries: [] })
  await sessions.fleet.tellReplica(f.second.name, 'call-unknown', 'tag.key', {})
  await eventually(() => f.second.errors.length === 1)
  t.same(heard, [['tag.key', 'r']])
})
