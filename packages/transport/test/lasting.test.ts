import t, { type Test } from 'tap'
import type { EndReason } from '@holdfast/core'
import { said } from './fixtures/client.js'
import { type Fleet, type FleetOptions, fleet } from './fixtures/fleet.js'
import { eventually } from '@holdfast/waiting'
import { type Made, type Scripts, fixtureServer } from './fixtures/server.js'

const scripts: Scripts = {
  hello: () => 'hi',
  crash: ({ server }) => { setImmediate(() => { void server.close() }) },
  context: ({ session }) => session.context,
  renew: async ({ session }) => { await session.renewContext({ n: 2 }) }
}

/** Replicas whose servers hold what cannot be made again. */
async function lasting (
  t: Test, options: FleetOptions = {}
): Promise<{ f: Fleet, made: Made[], ended: EndReason[] }> {
  const made: Made[] = []
  const ended: EndReason[] = []
  const make = fixtureServer(scripts, made)
  const f = await fleet(t, {
    createServer: async (session, shared) => ({ ...await make(session, shared) as any, live: 'session' }),
    sessions: { onEnd: (_, reason) => { ended.push(reason) }, ...options.sessions },
    ...options
  })
  return { f, made, ended }
}

t.test('it is never dormant, and other processes do not know it', async t => {
  const { f, made } = await lasting(t, { replicas: 2, dormantAfter: 1 })
  const client = await f.client().begin()
  await f.first.endpoint.start()
  for (let n = 0; n < 3; n++) {
    await new Promise(resolve => setTimeout(resolve, 5))
    t.equal((await client.do('hello')).status, 200)
  }
  const there = client.at(f.second.endpoint)
  t.equal((await there.do('hello')).status, 404)
  t.equal((await there.get()).status, 404)
  t.equal(made.length, 1)
  t.strictSame([made[0]?.session.key], [...f.first.endpoint.liveKeys])
  t.strictSame(made[0]?.disposed, [])
})

t.test('of two processes that make a server for it at once, one goes on', async t => {
  const later: { live?: 'session' } = {}
  const made: Made[] = []
  const make = fixtureServer(scripts, made)
  const f = await fleet(t, {
    replicas: 3, createServer: async (session, shared) => ({ ...await make(session, shared) as any, ...later })
  })
  const client = await f.client().begin()
  later.live = 'session'
  const there = f.replicas.slice(1).map(({ endpoint }) => client.at(endpoint))
  const both = await Promise.all(there.map(async one => (await one.do('hello')).status))
  t.strictSame(both.toSorted(), [200, 404])
  t.strictSame(await Promise.all(there.map(async one => (await one.do('hello')).status)), both)
  t.equal(made.filter(({ closed }) => closed === 1).length, 1)
})

t.test('it ends when its server closes itself', async t => {
  const { f, made, ended } = await lasting(t)
  const client = await f.client().begin()
  await client.do('crash')
  await eventually(() => made[0]?.closed === 1)
  t.equal((await client.do('hello')).status, 404)
  t.equal(await f.first.sessions.count(), 0)
  t.strictSame(ended, ['terminated'])
  t.equal(f.first.endpoint.liveCount, 0)
})

t.test('it ends when its server closed itself before anybody asked', async t => {
  const { f, made } = await lasting(t)
  const client = await f.client().begin()
  await made[0]?.server.close()
  await eventually(() => f.first.endpoint.liveCount === 0)
  t.strictSame(made[0]?.disposed, ['terminated'])
  t.equal(await f.first.sessions.count(), 0)
  t.equal((await client.notify('notifications/roots/list_changed')).status, 404)
  t.equal((await client.do('hello')).status, 404)
  t.equal(made.length, 1)
})

t.test('it ends with its process', async t => {
  const { f, made, ended } = await lasting(t)
  await f.client().begin()
  await f.first.endpoint.close()
  t.equal(await f.first.sessions.count(), 0)
  t.strictSame(ended, ['terminated'])
  t.strictSame(made[0]?.disposed, ['terminated'])
})

t.test('it ends by idle expiry, also when nobody says so', async t => {
  const { f, made } = await lasting(t, { dormantAfter: 10, sessions: { ttl: { idle: 1_000, absolute: '1h' } } })
  const client = await f.client().begin()
  f.first.weather.losing = true
  await eventually(() => made[0]?.disposed[0] === 'expired')
  t.equal((await client.do('hello')).status, 404)
})

t.test('its server goes on with a renewed context, told or not', async t => {
  const { f, made } = await lasting(t)
  const client = await f.client({ subject: 'ada' }).begin()
  await client.do('renew')
  t.equal(said((await client.do('context')).json), '{"n":2}')
  t.equal(made.length, 1)
})
