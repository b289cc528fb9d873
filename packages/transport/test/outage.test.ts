import { HoldfastError } from '@holdfast/core'
import t from 'tap'
import { said } from './fixtures/client.js'
import { type Fleet, fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { type Made, type Scripts, say } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi',
  count: async ({ session }) => (await session.update(data => { data.n = (data.n ?? 0) + 1 })).n,
  talk: async scene => {
    await say(scene, 'one')
    await say(scene, 'two')
    return 'done'
  },
  ask: async ({ server }) => (await server.server.elicitInput({
    message: '?', requestedSchema: { type: 'object', properties: {} }
  })).action
}

const data = (messages: any[]): unknown[] =>
  messages.map(({ params, result, error }) => params?.data ?? error?.message ?? result.content[0].text)
const ids = (seen: any[]): unknown[] => seen.filter(event => event.data).map(({ id }) => id !== undefined)

async function announce (f: Fleet, text: unknown): Promise<void> {
  await (f.made[0] as Made).server.server.sendLoggingMessage({ level: 'info', data: text })
}

t.test('while nothing answers, everything is 503 and nothing is 404, and afterwards all goes on', async (t) => {
  const f = await fleet(t, { maxLive: 2, scripts })
  const events: string[] = []
  f.first.sessions.on('backendDown', () => { events.push('down') })
  f.first.sessions.on('backendUp', () => { events.push('up') })
  const [dormant, live, absent] = [await f.client().begin(), await f.client().begin(), f.client()]
  await f.client().begin()
  await live.do('count')
  absent.id = 'x'
  f.first.weather.down = true
  for (const client of [dormant, live, absent]) {
    for (const received of [
      await client.do('hello'), await client.notify('notifications/initialized'), await client.notify('x'),
      await client.answer('x'),
      await client.get(), await client.get('standalone.0'), await client.delete()
    ]) {
      t.equal(received.status, 503)
      t.equal(received.headers['retry-after'], '1')
      t.match(received.json.error, { code: -32000, message: 'Session storage is unavailable, try again' })
    }
  }
  t.equal((await f.client().initialize()).status, 503)
  f.first.weather.down = false
  t.equal(said((await live.do('count')).json), '2')
  t.equal(said((await dormant.do('hello')).json), 'hi')
  t.equal((await absent.do('hello')).status, 404)
  t.same(events, ['down', 'up'])
  t.same(f.first.errors, [])
})

t.test('touch: 503, and the session is still live', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  f.first.weather.failing.add('records.touch')
  t.equal((await client.do('hello')).status, 503)
  f.first.weather.failing.clear()
  t.equal((await client.do('hello')).status, 200)
  t.equal(f.made.length, 1)
})

t.test('append: what a call says goes out without an id, and its result arrives', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  let outages = 0
  f.first.sessions.on('backendDown', () => { outages++ })
  f.first.weather.failing.add('events.append')
  const { events } = await client.do('talk')
  t.same(data(await events.rest()), ['one', 'two', 'done'])
  t.same(ids(events.seen), [false, false, false])
  t.equal(outages, 1)
  t.same(f.first.errors, [], 'an outage is told once')
  f.first.weather.failing.clear()
  const after = (await client.do('talk')).events
  await after.rest()
  t.same(ids(after.seen), [true, true, true])
})

for (const responseMode of ['auto', 'sse'] as const) {
  t.test(`append: a log that does not answer holds no result up, mode ${responseMode}`, async (t) => {
    const gate = new Gate()
    const f = await fleet(t, { responseMode, streamAfter: 5, scripts: { slow: async () => { await gate.passed } } })
    const client = await f.client().begin()
    const { calls } = f.first.weather
    calls.length = 0
    const opening = f.first.weather.hold('events.append')
    const reply = client.do('slow')
    await opening.reached
    gate.open()
    const received = await reply
    t.equal(received.isStream, responseMode === 'sse')
    t.same(data(received.isStream ? await received.events.rest() : [received.json]), ['null'])
    t.same(ids(received.events.seen), received.isStream ? [false] : [])
    opening.release()
    await eventually(() => calls.filter(name => name === 'events.append').length === 2)
  })
}

t.test('append: a call that began before goes on, and later events have ids again', async (t) => {
  const gates = [new Gate(), new Gate()]
  const f = await fleet(t, {
    scripts: {
      slow: async scene => {
        await say(scene, 'one')
        await gates[0]?.passed
        await say(scene, 'two')
        await gates[1]?.passed
        return 'done'
      }
    }
  })
  const client = await f.client().begin()
  const { events } = await client.do('slow')
  await events.message()
  f.first.weather.failing.add('events.append')
  gates[0]?.open()
  t.equal((await events.message()).params.data, 'two')
  f.first.weather.failing.clear()
  gates[1]?.open()
  t.same(data(await events.rest()), ['done'])
  t.same(ids(events.seen), [true, false, true])
})

t.test('append: a call whose end was not logged ends with an error when it is resumed', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    scripts: { slow: async scene => { await say(scene, 'one'); await gate.passed; return 'done' } }
  })
  const client = await f.client().begin()
  const { events } = await client.do('slow', 'unlogged')
  await events.message()
  events.close()
  f.first.weather.failing.add('events.append')
  gate.open()
  await turns()
  f.first.weather.failing.clear()
  const again = (await client.get(events.cursor)).events
  t.match(await again.rest(), [{ id: 'unlogged', error: { message: /interrupted/ } }])
})

t.test('append: each call whose end was not logged gets its error at once, even where the log is full', async t => {
  const gate = new Gate()
  const f = await fleet(t, {
    memory: { maxEntries: 1 },
    scripts: { slow: async scene => { await say(scene, 'one'); await gate.passed } }
  })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const { events } = await client.post([client.doing('slow', 1), client.doing('slow', 2)])
  await events.message()
  await events.message()
  events.close()
  f.first.weather.failing.add('events.append')
  gate.open()
  await turns()
  f.first.weather.failing.clear()
  const again = (await client.get(events.cursor)).events
  t.match(await again.rest(), [{ id: 1, error: { code: -32000 } }, { id: 2, error: { code: -32000 } }])
})

t.test('append: an answer that comes in one piece comes without ids', async (t) => {
  const f = await fleet(t, { responseMode: 'sse', scripts })
  const client = await f.client().begin()
  f.first.weather.failing.add('events.append')
  const { events } = await client.do('hello')
  t.same(data(await events.rest()), ['hi'])
  t.same(events.seen.length, 1)
})

t.test('append: a session that was removed meanwhile still gets its answer', async (t) => {
  const f = await fleet(t, {
    scripts: {
      late: async scene => {
        await scene.session.terminate()
        await say(scene, 'one')
        return 'done'
      }
    }
  })
  const client = await f.client().begin()
  const { events } = await client.do('late')
  t.same(data(await events.rest()), ['one', 'done'])
  t.same(ids(events.seen), [false, false])
})

t.test('append: an announcement reaches who listens, and is lost for who does not', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const { events } = await client.get()
  await events.block()
  f.first.weather.failing.add('events.append')
  await announce(f, 'now')
  t.equal((await events.message()).params.data, 'now')
  events.close()
  await turns()
  await announce(f, 'unheard')
  f.first.weather.failing.clear()
  await announce(f, 'later')
  const again = (await client.get()).events
  t.equal((await again.message()).params.data, 'later')
  again.close()
})

t.test('publish: hints that cannot be sent are reported, and harm nobody', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const client = await f.client().begin({ elicitation: {} })
  f.first.weather.failing.add('bus.publish')
  t.equal((await client.notify('notifications/roots/list_changed')).status, 202)
  await announce(f, 'unheard')
  t.ok(f.first.errors.length > 0)
  t.equal((await client.delete()).status, 200)
})

t.test('publish: an answer that cannot be passed on is 503, and can be given again', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts })
  const here = await f.client().begin({ elicitation: {} })
  const there = here.at(f.second.endpoint)
  const { events } = await here.do('ask')
  const { id } = await events.message()
  f.second.weather.failing.add('bus.publish')
  t.equal((await there.answer(id, { action: 'accept' })).status, 503)
  t.equal((await there.notify('notifications/progress', { progressToken: id, progress: 1 })).status, 503)
  f.second.weather.failing.clear()
  t.equal((await there.answer(id, { action: 'accept' })).status, 202)
  t.equal(said(await events.message()), 'accept')
})

t.test('readAfter: a stream cannot be resumed now, and can later', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const { events } = await client.do('talk')
  await events.message()
  events.close()
  await turns()
  f.first.weather.failing.add('events.readAfter')
  t.equal((await client.get(events.cursor)).status, 503)
  t.equal((await client.get()).status, 503)
  const ended = (await client.get('standalone.0')).events
  await ended.rest()
  t.ok(ended.seen.at(-1)?.retry !== undefined && !ended.cut, 'a client that is told when to come back does so')
  f.first.weather.failing.clear()
  t.same(data(await (await client.get(events.cursor)).events.rest()), ['two', 'done'])
})

t.test('delivered: what was sent may be sent again, and no more', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const { events } = await client.get()
  await events.block()
  let told = false
  f.first.sessions.on('backendDown', () => { told = true })
  f.first.weather.failing.add('events.delivered')
  await announce(f, 'one')
  t.equal((await events.message()).params.data, 'one')
  await eventually(() => told)
  f.first.weather.failing.clear()
  events.close()
})

t.test('replace: a change that cannot be kept fails its call only', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  f.first.weather.failing.add('records.replace')
  t.equal((await client.do('count')).json.result.isError, true)
  const { status, json } = await client.post(client.request('logging/setLevel', { level: 'error' }, 8))
  t.equal(status, 503)
  t.match(json, { id: 8, error: { message: /try again/ } })
  t.equal((await client.notify('notifications/initialized')).status, 202, 'nothing to keep: it was initialized')
  f.first.weather.failing.clear()
  t.equal((await client.post(client.request('logging/setLevel', { level: 'error' }))).status, 200)
  t.equal(said((await client.do('count')).json), '1')
})

t.test('replace: a handshake that cannot be kept begins no session', async (t) => {
  const f = await fleet(t, { scripts })
  f.first.weather.failing.add('records.replace')
  const client = f.client()
  client.version = '2031-01-01'
  const received = await client.initialize()
  t.equal(received.status, 503)
  t.notOk(received.headers['mcp-session-id'])
  t.equal(await f.first.sessions.count(), 0)
  client.version = '2025-11-25'
  await client.initialize()
  t.equal((await client.notify('notifications/initialized')).status, 503)
  f.first.weather.failing.clear()
  t.equal((await client.notify('notifications/initialized')).status, 202)
})

t.test('remove: a session that cannot be ended now can be later', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  f.first.weather.failing.add('records.remove')
  t.equal((await client.delete()).status, 503)
  f.first.weather.failing.clear()
  t.equal((await client.delete()).status, 200)
})

t.test('a full backend says so', async (t) => {
  const f = await fleet(t, {
    scripts: { fill: async ({ session }) => { await session.update(data => { data.x = 'x'.repeat(20_000) }) } },
    memory: { maxBytes: 4_000 }
  })
  const client = await f.client().begin()
  t.match((await client.do('fill')).json.result, { isError: true })
  const refused = []
  for (let n = 0; n < 10; n++) refused.push((await f.client().initialize()).status)
  t.equal(refused.at(-1), 503)
})

t.test('a replica that starts while nothing answers serves when it does', async (t) => {
  const f = await fleet(t, { replicas: 0, heartbeat: 20, scripts })
  const replica = f.prepare()
  replica.weather.down = true
  await replica.endpoint.start()
  t.same(await f.backend.presence.list(), [])
  t.same(replica.errors, [])
  replica.weather.calls.length = 0
  replica.weather.down = false
  await eventually(() => replica.weather.calls.filter(call => call === 'presence.announce').length > 0)
  await turns()
  t.same(await f.backend.presence.list(), [replica.name])
  const client = await f.client().begin({ elicitation: {} })
  const other = await f.join()
  const { events } = await client.do('ask')
  const { id } = await events.message()
  t.equal((await client.at(other.endpoint).answer(id, { action: 'accept' })).status, 202, 'it listens')
  t.equal(said(await events.message()), 'accept')
})

t.test('after an outage a replica says at once that it lives', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  f.first.weather.down = true
  await client.do('hello')
  await f.backend.presence.withdraw(f.first.name)
  await new Promise(resolve => setTimeout(resolve, 300))
  f.first.weather.down = false
  t.equal((await client.do('hello')).status, 200)
  await turns()
  t.same(await f.backend.presence.list(), [f.first.name])
})

t.test('a heartbeat that is refused does not follow itself', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  await new Promise(resolve => setTimeout(resolve, 300))
  f.first.weather.failing.add('presence.announce')
  const { calls } = f.first.weather
  calls.length = 0
  f.first.weather.down = true
  await client.do('hello')
  f.first.weather.down = false
  for (let i = 0; i < 10; i++) await client.do('hello')
  t.ok(calls.filter(name => name === 'presence.announce').length <= 2)
})

for (const [part, method] of [['presence', 'announce'], ['bus', 'subscribe']] as const) {
  t.test(`a replica that cannot ${method} does the rest`, async (t) => {
    const f = await fleet(t, { replicas: 0, scripts })
    const replica = f.prepare()
    replica.weather.failing.add(`${part}.${method}`)
    await replica.endpoint.start()
    const { calls } = replica.weather
    for (const name of ['presence.announce', 'bus.subscribe']) t.ok(calls.includes(name), name)
  })
}

t.test('responses outlive an outage', async (t) => {
  const f = await fleet(t, {
    heartbeat: 10, keepAlive: 5, scripts, sessions: { ttl: { idle: 60_000, absolute: 60_000 } }
  })
  const client = await f.client().begin()
  const { events } = await client.get()
  await events.block()
  f.first.weather.down = true
  const failed = f.first.weather.calls.length
  await eventually(() => f.first.weather.calls.length > failed + 5)
  t.notOk(f.first.errors.length, 'an outage is one event, not an error for each heartbeat')
  f.first.weather.down = false
  await announce(f, 'back')
  t.equal((await events.message()).params.data, 'back')
  events.close()
})

t.test('a replica leaves a backend that does not answer', async (t) => {
  const f = await fleet(t, { scripts })
  await f.client().begin()
  f.first.weather.down = true
  await f.first.endpoint.drain(0)
  await f.first.endpoint.close()
  t.same(f.first.errors, [])
  t.equal(f.first.endpoint.liveCount, 0)
})

t.test('a backend that answers with a defect is reported', async (t) => {
  const f = await fleet(t, { heartbeat: 10, scripts })
  const withdraw = f.backend.presence.withdraw.bind(f.backend.presence)
  f.backend.presence.withdraw = async () => { throw new HoldfastError('HOLDFAST_INVALID_STATE') }
  f.backend.presence.announce = async () => { throw new HoldfastError('HOLDFAST_INVALID_STATE') }
  await eventually(() => f.first.errors.length > 0)
  await f.first.endpoint.close()
  t.ok(f.first.errors.length > 1)
  f.backend.presence.withdraw = withdraw
})

t.test('an outage while a session is looked up and restored leaves nothing behind', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts })
  const client = await f.client().begin()
  await f.client().begin()
  await turns()
  f.first.weather.failing.add('records.touch')
  const replies = await Promise.all(Array.from({ length: 20 }, async () => await client.do('hello')))
  t.same(new Set(replies.map(({ status }) => status)), new Set([503]))
  f.first.weather.failing.clear()
  t.equal((await client.do('hello')).status, 200)
})
