import t from 'tap'
import { type Fleet, type Replica, fleet } from './fixtures/fleet.js'
import { Gate, turns } from '@holdfast/waiting'
import { type Made, type Scripts, say } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi'
}

/** The first server says something to its client that belongs to no call. */
async function announce (f: Fleet, data: unknown): Promise<void> {
  await (f.made[0] as Made).server.server.sendLoggingMessage({ level: 'info', data })
}

const data = (messages: any[]): unknown[] =>
  messages.map(({ params, result, error }) => params?.data ?? error?.message ?? result.content[0].text)

t.test('what a server says by itself reaches the client that listens', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const { events, status, headers } = await client.get()
  t.equal(status, 200)
  t.equal(headers['content-type'], 'text/event-stream')
  t.match(await events.block(), { id: 'standalone.0', data: '', retry: '5000' })
  for (const text of ['one', 'two']) await announce(f, text)
  t.same(data([await events.message(), await events.message()]), ['one', 'two'])
  t.equal(events.cursor, 'standalone.2')
})

t.test('what was said while nobody listened waits', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  await announce(f, 'early')
  const first = (await client.get()).events
  t.same(data([await first.message()]), ['early'])
  first.close()
  await announce(f, 'missed')
  await turns()
  const second = (await client.get()).events
  t.same(data([await second.message()]), ['missed'], 'without a cursor: what was never sent')
  second.close()
  const third = (await client.get(first.cursor)).events
  t.same(data([await third.message()]), ['missed'], 'with a cursor: what follows it')
  const { openStreams, replayedEvents } = (f.replicas[0] as Replica).endpoint
  t.same({ openStreams, replayedEvents }, { openStreams: 1, replayedEvents: 3 })
  third.close()
})

t.test('a cursor that the standalone stream lost goes on with what there is', async (t) => {
  const f = await fleet(t, { scripts, memory: { maxEntries: 3 } })
  const client = await f.client().begin()
  for (let n = 1; n <= 9; n++) await announce(f, n)
  for (const cursor of ['standalone.1', 'standalone.500']) {
    const { events } = await client.get(cursor)
    t.same(data([await events.message(), await events.message(), await events.message()]), [7, 8, 9], cursor)
    t.equal(events.cursor, 'standalone.9')
    events.close()
  }
})

t.test('a standalone stream without a log begins at its beginning', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const { events } = await client.get('standalone.7')
  await turns()
  await announce(f, 'one')
  t.same(data([await events.message()]), ['one'])
  events.close()
})

t.test('a cursor of no stream of the session is refused', async (t) => {
  const f = await fleet(t, { scripts: { talk: async scene => { await say(scene, 'x') } } })
  const [client, other] = [await f.client().begin(), await f.client().begin()]
  const { events } = await client.do('talk')
  await events.rest()
  for (const cursor of ['.', 'x', 'no.such.1', `${f.first.name}.99.0`, 'standalone.x']) {
    t.equal((await client.get(cursor)).status, 400, cursor)
  }
  t.equal((await other.get(events.cursor)).status, 400, 'streams are of one session')
})

t.test('a resumed call gets every message once, whatever its cursor', async (t) => {
  const f = await fleet(t, {
    scripts: {
      talk: async scene => {
        for (let n = 1; n <= 200; n++) await say(scene, n)
        return 'done'
      }
    }
  })
  const client = await f.client().begin()
  const { events } = await client.do('talk')
  const all = data(await events.rest())
  t.equal(all.length, 201)
  const stream = events.cursor.slice(0, events.cursor.lastIndexOf('.'))
  for (const position of [0, 1, 63, 64, 65, 200]) {
    const again = (await client.get(`${stream}.${position}`)).events
    t.same(data(await again.rest()), all.slice(position), `after ${position}`)
  }
  t.equal((await client.get(`${stream}.201`)).status, 204)
  t.equal((await client.get(`${stream}.202`)).status, 204)
})

t.test('a call whose events were lost ends with an error for its request', async (t) => {
  const [gate, spoken] = [new Gate(), new Gate()]
  const f = await fleet(t, {
    memory: { maxEntries: 2 },
    scripts: {
      talk: async scene => {
        for (let n = 1; n <= 5; n++) await say(scene, n)
        spoken.open()
        await gate.passed
        return 'done'
      }
    }
  })
  const client = await f.client().begin()
  const { events } = await client.do('talk', 'lost-one')
  t.equal((await events.message()).params.data, 1)
  events.close()
  await spoken.passed
  const again = (await client.get(events.cursor)).events
  const messages = await again.rest()
  t.match(messages, [{ id: 'lost-one', error: { code: -32000, message: /lost/ } }])
  t.equal((await client.get(again.cursor)).status, 204, 'and once')
  gate.open()
})

t.test('the newest response receives; when it ends, the one before goes on', async (t) => {
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const first = (await client.get()).events
  await announce(f, 1)
  t.equal((await first.message()).params.data, 1)
  const second = (await client.get(first.cursor)).events
  await second.block()
  await announce(f, 2)
  t.equal((await second.message()).params.data, 2)
  const third = (await client.get(second.cursor)).events
  await third.block()
  second.close()
  await turns()
  await announce(f, 3)
  t.equal((await third.message()).params.data, 3)
  third.close()
  await turns()
  await announce(f, 4)
  t.equal((await first.message()).params.data, 4)
  t.same(first.seen.filter(({ data }) => data).map(({ id }) => id), ['standalone.1', 'standalone.4'])
  first.close()
})

t.test('a call that ends ends all its responses', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    scripts: { slow: async scene => { await say(scene, 'begun'); await gate.passed; return 'done' } }
  })
  const client = await f.client().begin()
  const first = (await client.do('slow')).events
  await first.message()
  const second = (await client.get(first.cursor)).events
  await second.block()
  gate.open()
  t.same(data(await second.rest()), ['done'])
  t.same(await first.rest(), [])
  t.notOk(first.cut)
})

t.test('a slow reader is cut, and resumes without loss or repetition', async (t) => {
  const f = await fleet(t, { maxBuffered: 20_000, scripts })
  const client = await f.client().begin()
  const { events } = await client.get()
  await events.block()
  for (let n = 1; n <= 60; n++) {
    await announce(f, `${n} ${'x'.repeat(1_000)}`)
    await turns(1)
  }
  const seen = data(await events.rest())
  t.ok(events.cut)
  const again = (await client.get(events.cursor)).events
  while (seen.length < 60) seen.push((await again.message()).params.data)
  t.same(seen.map(text => parseInt(String(text))), Array.from({ length: 60 }, (_, index) => index + 1))
  again.close()
})

t.test('a burst at the beginning of a call is not taken for a slow reader', async (t) => {
  const f = await fleet(t, {
    maxBuffered: 10_000,
    scripts: {
      burst: async scene => {
        for (let n = 0; n < 100; n++) void say(scene, 'x'.repeat(1_000))
        await say(scene, 'y'.repeat(50_000))
        return 'done'
      }
    }
  })
  const { events } = await (await f.client().begin()).do('burst')
  t.equal((await events.rest()).length, 102)
})

t.test('idle responses are kept alive', async (t) => {
  const f = await fleet(t, { keepAlive: 5, scripts })
  const client = await f.client().begin()
  const { events } = await client.get()
  await events.block()
  t.same(await events.block(), { comment: true })
  t.same(await events.block(), { comment: true })
  events.close()
})

t.test('an open response keeps its session in use', async (t) => {
  const f = await fleet(t, { scripts, sessions: { ttl: { idle: 3_000 } } })
  const [listening, busy, idle] = [await f.client().begin(), await f.client().begin(), await f.client().begin()]
  const { events } = await listening.get()
  const release = (f.made[1] as Made).session.hold()
  // Use is noted three times in this time, so a machine that is late by two seconds ends nothing.
  await new Promise(resolve => setTimeout(resolve, 4_000))
  t.equal((await listening.do('hello')).status, 200)
  t.equal((await busy.do('hello')).status, 200)
  t.equal((await idle.do('hello')).status, 404)
  release()
  events.close()
})

t.test('a session that expired elsewhere ends its responses here', async (t) => {
  const f = await fleet(t, { scripts, sessions: { ttl: { idle: 60_000, absolute: 100 } } })
  const client = await f.client().begin()
  const { events } = await client.get()
  t.same(await events.rest(), [])
  t.same(f.made[0]?.disposed, ['expired'])
})
