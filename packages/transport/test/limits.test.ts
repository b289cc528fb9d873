import type { Readable } from 'node:stream'
import t from 'tap'
import { fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { type Made, type Scripts, fixtureServer, say } from './fixtures/server.js'
import { said } from './fixtures/client.js'

/** Calls that run until the test lets them go. */
function waiting (): { gate: Gate, scripts: Scripts } {
  const gate = new Gate()
  return {
    gate,
    scripts: {
      hello: () => 'hi',
      wait: async () => { await gate.passed; return 'done' },
      talk: async scene => { await say(scene, 'x'); await gate.passed; return 'done' }
    }
  }
}

const elicitation = { message: '?', requestedSchema: { type: 'object' as const, properties: {} } }

t.test('maxCalls: a session may run so many requests here, whether their clients are there or not', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxCalls: 3 })
  const client = await f.client().begin()
  const calls = []
  for (let n = 0; n < 3; n++) {
    const call = client.inbound(client.doing('wait'))
    calls.push(client.send(call))
    call.gone = n > 0
  }
  await turns()
  const refused = await client.do('hello', 'one too many')
  t.match(refused, {
    status: 429,
    headers: { 'retry-after': '1', 'cache-control': 'no-store' },
    json: { id: 'one too many', error: { code: -32000 } }
  })
  t.equal((await client.notify('notifications/roots/list_changed')).status, 202, 'what is no request may pass')
  const other = await f.client().begin()
  t.equal(said((await other.do('hello')).json), 'hi', 'of another session nothing runs')
  gate.open()
  for (const call of calls) t.equal(said((await call).json), 'done')
  t.equal(said((await client.do('hello')).json), 'hi')
})

t.test('maxCalls: requests of a batch count one by one', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxCalls: 3 })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const never = await client.post(Array.from({ length: 4 }, () => client.doing('hello')))
  t.match(never, { status: 400, json: { id: null, error: { code: -32600 } } }, 'trying again would not help')
  const one = client.do('wait')
  await turns()
  t.match(await client.post(Array.from({ length: 3 }, () => client.doing('hello'))), {
    status: 429, json: { id: null }
  })
  t.match(await client.post([
    ...Array.from({ length: 3 }, () => client.doing('hello')), { jsonrpc: '2.0', method: 'notifications/x' }
  ]), { status: 429 })
  gate.open()
  t.equal((await client.post(Array.from({ length: 2 }, () => client.doing('hello')))).json.length, 2)
  await one
})

t.test('maxCalls: requests that wait for the server object count', async (t) => {
  const gate = new Gate()
  let slow = false
  const make = fixtureServer({ hello: () => 'hi' }, [])
  const f = await fleet(t, {
    maxCalls: 2,
    maxLive: 1,
    createServer: async (session, shared) => {
      if (slow) await gate.passed
      return await make(session, shared)
    }
  })
  const client = await f.client().begin()
  await f.client().begin()
  slow = true
  const waiting = [client.do('hello'), client.do('hello')]
  await turns()
  t.equal((await client.do('hello')).status, 429)
  t.equal((await client.notify('notifications/x')).status, 429)
  gate.open()
  for (const reply of waiting) t.equal((await reply).status, 200)
})

t.test('maxCalls: requests that look for their session count', async (t) => {
  const f = await fleet(t, { maxCalls: 1, scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  const { reached, release } = f.first.weather.hold('records.touch')
  const first = client.do('hello')
  await reached
  const held = f.first.weather.hold('records.touch')
  const second = client.do('hello')
  await held.reached
  t.equal((await client.do('hello')).status, 429)
  release()
  held.release()
  t.equal((await first).status, 200)
  t.ok([200, 429].includes((await second).status), 'whether the first is over is another matter')
})

t.test('a batch of a hundred messages needs every id once', async (t) => {
  const f = await fleet(t, { maxCalls: 100, scripts: { hello: () => 'hi' } })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  t.equal((await client.post(Array.from({ length: 100 }, () => client.doing('hello')))).json.length, 100)
  const doubled = Array.from({ length: 100 }, (_, n) => client.doing('hello', n === 99 ? 'b0' : `b${n}`))
  t.match(await client.post(doubled), { status: 400, json: { id: 'b0', error: { code: -32600 } } })
})

t.test('ids of clients are bounded', async (t) => {
  const f = await fleet(t, { scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  t.equal((await client.do('hello', 'x'.repeat(256))).status, 200)
  t.match(await client.do('hello', 'x'.repeat(257)), { status: 400, json: { id: null, error: { code: -32600 } } })
})

t.test('maxSubscriptions: the server never hears of one too many', async (t) => {
  const f = await fleet(t, { maxSubscriptions: 2, replicas: 2 })
  const client = await f.client().begin()
  const subscribe = async (uri: string): Promise<any> =>
    (await client.post(client.request('resources/subscribe', { uri }))).json
  t.match(await subscribe('a:1'), { result: {} })
  const two = await Promise.all([subscribe('a:2'), subscribe('a:3')])
  t.same(two.map(answer => 'error' in answer).sort(), [false, true], 'those under way count')
  t.match(two.find(answer => 'error' in answer), { error: { code: -32000, message: /2 resources/ } })
  t.equal(f.made[0]?.subscriptions.size, 2)
  t.match(await subscribe('a:1'), { result: {} }, 'one that is there is none too many')
  t.match(await client.post(client.request('resources/unsubscribe', { uri: 'a:1' })), { status: 200 })
  t.match(await subscribe('a:4'), { result: {} })
  const elsewhere = await client.at(f.second.endpoint).post(client.request('resources/subscribe', { uri: 'a:5' }))
  t.match(elsewhere.json, { error: {} }, 'on any replica')
})

t.test('maxOpenStreams: the oldest response ends for a new one, and those of running calls stay', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxOpenStreams: 3 })
  const client = await f.client().begin()
  const calls = [await client.do('talk'), await client.do('talk'), await client.do('talk'), await client.do('talk')]
  const opened = []
  for (let n = 0; n < 5; n++) opened.push(await client.get())
  t.same(await Promise.all(opened.slice(0, 2).map(async ({ events }) => await events.rest())), [[], []])
  // A call's own response counts once; whoever resumes it again and again is like anybody.
  const { events } = calls[0] as any
  await events.message()
  const again = []
  for (let n = 0; n < 20; n++) again.push(await client.get(events.cursor))
  // None of these is read, so none of them ends by itself.
  t.ok(f.first.endpoint.openStreams <= 4 + 2 * 3, String(f.first.endpoint.openStreams))
  gate.open()
  t.equal(said(await again.at(-1)?.events.message()), 'done')
  for (const stream of [...opened, ...again]) stream.events.close()
})

t.test('callTimeout: a call that takes too long is cancelled and answered', async (t) => {
  const cancelled: unknown[] = []
  const aborted = async (signal: AbortSignal, what: string): Promise<never> => await new Promise(() => {
    if (signal.aborted) cancelled.push(what)
    else signal.addEventListener('abort', () => cancelled.push(what))
  })
  const scripts: Scripts = {
    hang: async ({ extra }) => await aborted(extra.signal, 'hang'),
    talk: async scene => {
      await say(scene, 'x')
      await aborted(scene.extra.signal, 'talk')
    },
    hello: () => 'hi'
  }
  const f = await fleet(t, { callTimeout: 30, scripts })
  const client = f.client()
  client.version = '2025-03-26'
  await client.begin()
  const error = { code: -32000, message: /took too long/ }
  t.match(await client.do('hang', 1), { status: 200, json: { id: 1, error } })
  const { events } = await client.do('talk', 2)
  t.match((await events.rest()).at(-1), { id: 2, error })
  const batch = (await client.post([client.doing('hello', 3), client.doing('hang', 4), client.doing('hang', 5)])).json
  t.match(batch, [{ id: 3, result: {} }, { id: 4, error }, { id: 5, error }])
  const gone = client.inbound(client.doing('hang', 6))
  gone.gone = true
  t.match((await client.send(gone)).json, { id: 6, error }, 'also where the client hung up')
  t.same(cancelled, ['hang', 'talk', 'hang', 'hang', 'hang'])
  await f.first.endpoint.drain(60_000)
})

t.test('callTimeout: a question that nobody answers is answered with an error, and holds nothing any more', async t => {
  const asked = new Gate<unknown>()
  const f = await fleet(t, {
    callTimeout: 30,
    dormantAfter: 10,
    scripts: {
      ask: ({ server }) => { server.server.elicitInput(elicitation).then(asked.open, asked.open) }
    }
  })
  const client = await f.client().begin({ elicitation: {} })
  const { events } = await client.do('ask')
  const { id } = await events.message()
  t.match(await asked.passed, { message: /did not answer in time/ })
  t.equal((await client.answer(id, { action: 'accept' })).status, 400, 'too late')
  await eventually(() => f.first.endpoint.liveCount === 0)
})

t.test('a question that the server takes back holds nothing any more', async t => {
  const f = await fleet(t, { dormantAfter: 10 })
  const client = await f.client().begin({ elicitation: {} })
  const { events } = await client.get()
  const [{ server: { server } }] = f.made as [Made]
  const takingBack = new AbortController()
  const asked = server.elicitInput(elicitation, { signal: takingBack.signal }).catch(error => error)
  const { id } = await events.message()
  takingBack.abort()
  const cancelled = { method: 'notifications/cancelled', params: { requestId: id } }
  t.match(await events.message(), cancelled, 'by the id that the client knows')
  await asked
  t.equal((await client.answer(id, { action: 'accept' })).status, 400)
  await eventually(() => f.first.endpoint.liveCount === 0)
  events.close()
})

t.test('stallTimeout: a reader that takes nothing is cut, and can resume', async (t) => {
  const f = await fleet(t, {
    stallTimeout: 40,
    scripts: { shout: async scene => { await say(scene, 'x'.repeat(100_000)); return 'done' } }
  })
  const client = await f.client().begin()
  const cut: unknown[] = []
  f.first.sessions.on('limitReached', event => { cut.push(event.limit) })
  const { reply } = await client.do('shout')
  const body = reply.body as Readable
  const beginning = String(await new Promise(resolve => body.once('readable', () => resolve(body.read(64)))))
  await eventually(() => body.destroyed)
  t.same(cut, ['maxBuffered'])
  t.equal(f.first.endpoint.openStreams, 0)
  const { events } = await client.get(/^id: ?(.+)$/m.exec(beginning)?.[1])
  t.match(await events.rest(), [{ params: { data: /^x{100000}$/ } }, { result: { content: [{ text: 'done' }] } }])
})

t.test('drain and close resolve in time, whatever the server does', async (t) => {
  const never = new Promise<never>(() => {})
  const f = await fleet(t, {
    createServer: async () => ({
      server: {
        connect: async transport => {
          transport.onmessage = (message: any) => {
            if (message.method === 'initialize') {
              void transport.send({
                jsonrpc: '2.0',
                id: message.id,
                result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
              })
            }
          }
        },
        close: async () => await never
      }
    })
  })
  const client = await f.client().begin()
  const call = client.do('hang', 1)
  await turns()
  await f.first.endpoint.drain(10)
  t.match(await call, { status: 503, json: { id: 1 } })
  await f.first.endpoint.close(10)
  t.match(f.first.errors, [/in time/])
  f.replicas.length = 0
})

t.test('drain and close resolve in time, whatever the backend does', async (t) => {
  const { scripts } = waiting()
  const f = await fleet(t, { scripts })
  const client = await f.client().begin()
  const talking = await client.do('talk')
  const held = ['events.append', 'presence.withdraw'].map(method => f.first.weather.hold(method))
  await f.first.endpoint.drain(10)
  await f.first.endpoint.close(10)
  t.ok(talking.isStream)
  for (const { release } of held) release()
  f.replicas.length = 0
})

t.test('a session that waits for room when the endpoint closes waits no longer', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxLive: 1 })
  const client = await f.client().begin()
  const busy = client.do('wait')
  const late = f.client().initialize()
  await turns()
  await f.first.endpoint.close(10_000)
  t.equal((await late).status, 503)
  gate.open()
  t.equal((await busy).status, 503)
})

t.test('an id that is used again while its end is being written is that of the new request', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxCalls: 1 })
  const client = await f.client().begin()
  const held = f.first.weather.hold('records.replace')
  const level = client.post(client.request('logging/setLevel', { level: 'info' }, 7))
  await held.reached
  await client.notify('notifications/cancelled', { requestId: 7 })
  const call = client.do('wait', 7)
  await turns()
  held.release()
  await level
  await turns()
  t.equal((await client.do('hello', 8)).status, 429, 'the new request counts')
  gate.open()
  t.equal(said((await call).json), 'done', 'and is answered')
  t.equal((await client.do('hello', 8)).status, 200)
})

t.test('two cancellations of a stream end it once', async (t) => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, maxCalls: 1 })
  const client = await f.client().begin()
  const { events } = await client.do('talk', 7)
  t.equal((await client.notify('notifications/cancelled')).status, 202, 'what names no request cancels none')
  const held = f.first.weather.hold('events.append')
  const first = client.notify('notifications/cancelled', { requestId: 7 })
  await held.reached
  await client.notify('notifications/cancelled', { requestId: 7 })
  const call = client.do('wait', 7)
  await turns()
  held.release()
  await first
  t.equal((await client.do('hello', 8)).status, 429)
  gate.open()
  t.equal(said((await call).json), 'done')
  t.equal((await events.rest()).length, 1)
})

t.test('callTimeout: a request whose effect never becomes durable is answered, whatever became of its id', async t => {
  const { gate, scripts } = waiting()
  const f = await fleet(t, { scripts, callTimeout: 50 })
  const client = await f.client().begin()
  const held = f.first.weather.hold('records.replace')
  const level = client.post(client.request('logging/setLevel', { level: 'info' }, 7))
  await held.reached
  t.match((await level).json, { id: 7, error: { code: -32000 } })
  const call = client.do('wait', 7)
  held.release()
  t.match((await call).json, { id: 7, error: { message: /took too long/ } })
  gate.open()
})

t.test('callTimeout: a server that throws at the answer to its question ends nothing', async (t) => {
  const f = await fleet(t, {
    callTimeout: 20,
    createServer: () => ({
      connect: async transport => {
        transport.onclose = () => {}
        transport.onmessage = (message: any) => {
          if (message.method === 'initialize') {
            return void transport.send({
              jsonrpc: '2.0',
              id: message.id,
              result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
            })
          }
          if (message.method === 'notifications/initialized') {
            for (const id of [1, 2]) void transport.send({ jsonrpc: '2.0', id, method: 'roots/list' })
          }
          if (message.error !== undefined || message.method === 'notifications/cancelled') {
            throw new Error(`no ${message.id ?? 'cancellation'}`)
          }
        }
      },
      close: async () => {}
    })
  })
  const client = await f.client().begin({ roots: {} })
  await eventually(() => f.first.errors.length === 2)
  t.match(f.first.errors, [{ message: 'no 1' }, { message: 'no 2' }])
  const tooLong = { error: { message: /took too long/ } }
  t.match((await client.post(client.request('tools/list'))).json, tooLong, 'nor does one that throws at a cancellation')
  await client.notify('notifications/initialized')
  const { events } = await client.get()
  events.close()
})

t.test('a client leaves at most 100 questions of a session unanswered; more are refused in a later turn', async t => {
  const f = await fleet(t)
  const client = await f.client().begin({ elicitation: {} })
  const [{ server: { server } }] = f.made as [Made]
  const refused: unknown[] = []
  const asked = Array.from({ length: 102 }, async () => await server.elicitInput(elicitation).catch(error => {
    refused.push(error)
  }))
  await turns()
  t.match(refused, [{ message: /has not answered 100 requests/ }, { message: /100/ }])
  await client.delete()
  await Promise.all(asked)
  t.equal(refused.length, 2, 'the others are answered when the session ends')
})

t.test('a session that begins while the endpoint drains has its time', async (t) => {
  const making = new Gate()
  const made = new Gate()
  const make = fixtureServer({}, [])
  const f = await fleet(t, {
    createServer: async (session, shared) => {
      making.open()
      await made.passed
      return await make(session, shared)
    }
  })
  const client = f.client()
  const begun = client.initialize()
  await making.passed
  let drained = false
  const drain = f.first.endpoint.drain(60_000).then(() => { drained = true })
  await turns()
  t.notOk(drained)
  made.open()
  t.equal((await begun).status, 200)
  await drain
})

t.test('who waits for a server when the drain has no time left is told that the process ends', async (t) => {
  const making = new Gate()
  const made = new Gate()
  const all: Made[] = []
  const make = fixtureServer({}, all)
  const f = await fleet(t, {
    maxLive: 1,
    createServer: async (session, shared) => {
      making.open()
      await made.passed
      return await make(session, shared)
    }
  })
  const begun = f.client().initialize()
  await making.passed
  const waits = f.client().initialize()
  await turns()
  await f.first.endpoint.drain(10)
  for (const reply of await Promise.all([begun, waits])) {
    t.match(reply, { status: 503, headers: { 'retry-after': '1' }, json: { error: { message: /Shutting down/ } } })
  }
  const closed = f.first.endpoint.close()
  made.open()
  await closed
  t.match(all, [{ disposed: ['closing'] }], 'closing waits for what is still being made')
  t.equal(f.first.endpoint.liveCount, 0)
})

t.test('a call that looks for its session when the drain begins is refused, not taken', async (t) => {
  const f = await fleet(t, { maxLive: 1, scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  await f.client().begin()
  const held = f.first.weather.hold('records.touch')
  const call = client.do('hello')
  await held.reached
  const drain = f.first.endpoint.drain(10)
  held.release()
  t.equal((await call).status, 503)
  await drain
})
