import t from 'tap'
import type { Client } from './fixtures/client.js'
import { said } from './fixtures/client.js'
import { type Fleet, fleet } from './fixtures/fleet.js'
import { Gate, turns } from '@holdfast/waiting'
import { fixtureServer } from './fixtures/server.js'
import type { HeldServer } from '../dist/index.js'

async function running (
  f: Fleet,
  subject: string,
  count: number
): Promise<Array<{ client: Client, call: ReturnType<Client['do']> }>> {
  const calls = []
  for (let n = 0; n < count; n++) {
    const client = await f.client({ subject }).begin()
    calls.push({ client, call: client.do('wait') })
    await turns(1)
  }
  return calls
}

t.test('an owner whose calls hang takes at most half of the live places', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    maxLive: 20,
    scripts: { hello: () => 'hi', wait: async () => { await gate.passed; return 'done' } }
  })
  const greedy = await running(f, 'greedy', 10)
  const limits: unknown[] = []
  f.first.sessions.on('limitReached', ({ limit }) => { limits.push(limit) })
  // Eleven sessions of its own wait for the share, and others are served meanwhile.
  const more = Array.from({ length: 11 }, async () => await f.client({ subject: 'greedy' }).initialize())
  for (let n = 0; n < 30; n++) {
    const other = await f.client({ subject: `other${n}` }).begin()
    t.equal(said((await other.do('hello')).json), 'hi')
  }
  for (const refused of await Promise.all(more)) t.match(refused, { status: 503, headers: { 'retry-after': '10' } })
  t.same(new Set(limits), new Set(['maxLive']))
  gate.open()
  for (const { call } of greedy) t.equal(said((await call).json), 'done')
})

t.test('calls that arrive at sessions which are live already count in the same way', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    maxLive: 4,
    scripts: { hello: () => 'hi', wait: async () => { await gate.passed; return 'done' } }
  })
  const clients = []
  for (let n = 0; n < 4; n++) clients.push(await f.client({ subject: 'greedy' }).begin())
  t.equal(f.first.endpoint.liveCount, 4, 'idle places are anybody\'s')
  const calls = clients.map(async client => await client.do('wait'))
  await turns()
  const other = await f.client({ subject: 'other' }).begin()
  t.equal(said((await other.do('hello')).json), 'hi')
  gate.open()
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  t.same(statuses, [200, 200, 200, 200], 'those over the share waited')
})

t.test('a call over the share is refused when it has waited', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { maxLive: 2, scripts: { wait: async () => { await gate.passed; return 'done' } } })
  const [one, two] = [await f.client({ subject: 'a' }).begin(), await f.client({ subject: 'a' }).begin()]
  const call = one.do('wait')
  await turns()
  t.equal(f.first.endpoint.liveCount, 2)
  t.match(await two.do('wait'), { status: 503, headers: { 'retry-after': '10' } })
  t.equal((await two.get()).isStream, true, 'what runs nothing passes')
  gate.open()
  t.equal((await call).status, 200)
  t.equal((await two.do('wait')).status, 200)
})

t.test('a call that waits for its share while its session ends finds none', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { maxLive: 2, scripts: { wait: async () => { await gate.passed; return 'done' } } })
  const [one, two] = [await f.client({ subject: 'a' }).begin(), await f.client({ subject: 'a' }).begin()]
  const call = one.do('wait')
  await turns()
  const late = two.do('wait')
  await turns()
  t.equal((await two.delete()).status, 200)
  gate.open()
  await call
  t.equal((await late).status, 404)
})

t.test('what a session holds counts, without having asked', async (t) => {
  const f = await fleet(t, { maxLive: 4, scripts: { hold: ({ session }) => { session.hold() }, hello: () => 'hi' } })
  const clients = []
  for (let n = 0; n < 2; n++) {
    const client = await f.client({ subject: 'a' }).begin()
    await client.do('hold')
    clients.push(client)
  }
  t.match(await f.client({ subject: 'a' }).initialize(), { status: 503 })
  for (const subject of ['b', 'c']) t.equal(said((await (await f.client({ subject }).begin()).do('hello')).json), 'hi')
  t.equal(said((await clients[0]?.do('hello') as any).json), 'hi', 'a busy session takes more calls')
})

t.test('who has servers ask on and on holds no place from others', async (t) => {
  const f = await fleet(t, { maxLive: 2, scripts: { hello: () => 'hi' } })
  const greedy = []
  for (let n = 0; n < 2; n++) greedy.push(await f.client({ subject: 'greedy' }).begin({ roots: {} }))
  const asked = f.made.map(async ({ server }) => await server.server.listRoots())
  await turns()
  t.equal(f.first.endpoint.liveCount, 2)
  t.equal(said((await (await f.client({ subject: 'other' }).begin()).do('hello')).json), 'hi')
  t.same(f.made[0]?.disposed, ['dormant'], 'the one that was idle for longest')
  t.same(await asked[0], { roots: [] })
  t.same(f.made[1]?.disposed, [])
  for (const client of greedy) await client.delete()
  await Promise.all(asked)
})

t.test('an answer that arrives by another replica frees the place', async (t) => {
  const f = await fleet(t, { maxLive: 1, replicas: 2 })
  const client = await f.client({ subject: 'a' }).begin({ roots: {} })
  const { events } = await client.get()
  const [made] = f.made
  const asked = made?.server.server.listRoots()
  const { id } = await events.message()
  t.match(await f.client({ subject: 'a' }).initialize(), { status: 503 }, 'its own owner waits for the answer')
  t.equal((await client.at(f.second.endpoint).answer(id, { roots: [] })).status, 202)
  t.same(await asked, { roots: [] })
  t.equal((await f.client({ subject: 'a' }).initialize()).status, 200)
  t.same(made?.disposed, ['dormant'])
  events.close()
})

t.test('an owner whose servers take long to be let go keeps nobody else from a place', async (t) => {
  const gate = new Gate()
  const make = fixtureServer({}, [])
  const f = await fleet(t, {
    maxLive: 4,
    createServer: async (session, shared) => ({
      ...await make(session, shared) as HeldServer,
      dispose: async () => { if (session.principal?.subject === 'greedy') await gate.passed }
    })
  })
  const greedy = []
  for (let n = 0; n < 4; n++) greedy.push(await f.client({ subject: 'greedy' }).begin())
  for (const client of greedy) await client.delete()
  for (let n = 0; n < 4; n++) t.equal((await f.client({ subject: `other${n}` }).initialize()).status, 200)
  const more = f.client({ subject: 'greedy' }).initialize()
  await turns()
  t.equal(f.first.endpoint.liveCount, 4, 'it waits for its own')
  gate.open()
  t.equal((await more).status, 200)
})

t.test('a call that finds its session dormant, and then live and idle, waits for the share', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, {
    maxLive: 2,
    scripts: { hello: () => 'hi', wait: async () => { await gate.passed; return 'done' } }
  })
  const [one, two] = [await f.client({ subject: 'a' }).begin(), await f.client({ subject: 'a' }).begin()]
  const other = await f.client({ subject: 'b' }).begin()
  t.same(f.made[0]?.disposed, ['dormant'])
  await other.delete()
  const held = f.first.weather.hold('records.touch')
  const late = one.do('hello')
  await held.reached
  t.equal((await one.do('hello')).status, 200)
  const call = two.do('wait')
  await turns()
  let answered = false
  void late.then(() => { answered = true })
  held.release()
  await turns()
  t.notOk(answered)
  gate.open()
  t.equal((await call).status, 200)
  t.equal(said((await late).json), 'hi')
})
