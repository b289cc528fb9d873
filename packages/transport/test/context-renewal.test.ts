import type { Json } from '@holdfast/core'
import t, { type Test } from 'tap'
import { said } from './fixtures/client.js'
import { type Fleet, type FleetOptions, fleet } from './fixtures/fleet.js'
import { Gate, turns } from '@holdfast/waiting'
import { type Scripts, fixtureServer } from './fixtures/server.js'

const ADA = { subject: 'ada' }
const scripts: Scripts = {
  context: ({ session }) => session.context,
  renew: async ({ session }) => { await session.renewContext({ n: 7 }) },
  refused: async ({ session }) => {
    await session.renewContext('text').catch(error => { throw new Error(error.code) })
  }
}
const isContext = (context: Json): boolean => typeof context === 'object'

type Told = (context: Json) => void | Promise<void>

/** Replicas that look for another context with every request. */
async function renewing (t: Test, options: FleetOptions = {}): Promise<{ f: Fleet, heard: unknown[] }> {
  const f = await fleet(t, { renewEvery: 0, scripts, isContext, factoryTimeout: 100, ...options })
  const heard: unknown[] = []
  for (const { sessions } of f.replicas) {
    for (const event of ['contextRenewed', 'contextRenewalFailed', 'activationFailed'] as const) {
      sessions.on(event, () => { heard.push(event) })
    }
  }
  return { f, heard }
}

/** A factory whose servers take renewed contexts. */
function telling (told: Told, live?: 'session'): FleetOptions {
  return {
    createServer: async (session, shared) => ({
      ...await fixtureServer(scripts, [])(session, shared) as any, onContext: told, live
    })
  }
}

t.test('a server is made again with a renewed context, and goes on with the same one', async t => {
  const { f, heard } = await renewing(t)
  const client = await f.client(ADA).begin()
  let n = 0
  client.renew = () => ({ n: Math.ceil(++n / 2) })
  for (const seen of [1, 1, 2, 2]) t.equal(said((await client.do('context')).json), `{"n":${seen}}`)
  t.equal(f.made.length, 3)
  t.strictSame(heard, ['contextRenewed', 'contextRenewed'])
})

t.test('a server that runs a call for another request goes on with the context that it knows', async t => {
  const gate = new Gate()
  const { f } = await renewing(t, { scripts: { ...scripts, wait: async () => await gate.passed } })
  const client = await f.client(ADA).begin()
  const waiting = client.do('wait')
  client.renew = () => ({ n: 1 })
  t.equal((await client.do('context')).status, 200)
  t.equal(f.made.length, 1)
  gate.open()
  t.equal((await waiting).status, 200)
  t.equal(said((await client.do('context')).json), '{"n":1}')
  t.equal(f.made.length, 2)
})

t.test('a server that takes contexts is told; one that cannot take it is made again', async t => {
  const told: Json[] = []
  const takes = await renewing(t, telling(context => { told.push(context) }))
  const client = await takes.f.client(ADA).begin()
  client.renew = () => ({ n: 1 })
  t.equal(said((await client.do('context')).json), '{"n":1}')
  await client.do('context')
  t.strictSame(told, [{ n: 1 }])
  for (const fails of [() => { throw new Error('broken') }, async () => await new Promise<void>(() => {})]) {
    for (const live of [undefined, 'session'] as const) {
      const { f } = await renewing(t, telling(fails, live))
      const client = await f.client(ADA).begin()
      client.renew = () => ({ n: 1 })
      t.equal(said((await client.do('context')).json), '{"n":1}')
      t.equal(f.first.errors.length, 1)
    }
  }
})

t.test('a server that cannot take a context while it works for others is made again later', async t => {
  const gate = new Gate()
  const { f } = await renewing(t, {
    createServer: async (session, shared) => ({
      ...await fixtureServer({ ...scripts, wait: async () => await gate.passed }, f.made)(session, shared) as any,
      onContext: () => { throw new Error('broken') }
    })
  })
  const client = await f.client(ADA).begin()
  const waiting = client.do('wait')
  client.renew = () => ({ n: 1 })
  t.equal((await client.do('context')).status, 200)
  t.equal(f.made.length, 1)
  gate.open()
  await waiting
  t.equal((await client.do('context')).status, 200)
  t.equal(f.made.length, 2)
})

t.test('a call that comes while the server is told waits for it', async t => {
  const gate = new Gate()
  const told = new Gate()
  const { f } = await renewing(t, {
    ...telling(async () => {
      told.open()
      await gate.passed
    }),
    factoryTimeout: 5_000
  })
  const client = await f.client(ADA).begin()
  client.renew = () => ({ n: 1 })
  const first = client.do('context')
  await told.passed
  let answered = false
  const second = client.do('context').then(received => {
    answered = true
    return received
  })
  await turns(20)
  t.equal(answered, false)
  gate.open()
  for (const call of [first, second]) t.equal(said((await call).json), '{"n":1}')
})

t.test('a context that is the same as JSON is not renewed', async t => {
  const { f, heard } = await renewing(t)
  const client = await f.client(ADA).begin()
  client.renew = () => Object.assign(new (class { n = 1 })(), { none: undefined }) as any
  for (let call = 0; call < 3; call++) t.equal(said((await client.do('context')).json), '{"n":1}')
  t.strictSame(heard, ['contextRenewed'])
})

t.test('a renewal that fails, hangs or is refused changes nothing', async t => {
  const renewals = [
    () => { throw new Error('broken') }, async () => await new Promise<Json>(() => {}), () => 'text', () => undefined
  ]
  for (const renew of renewals) {
    const { f, heard } = await renewing(t)
    const client = await f.client(ADA).begin()
    client.renew = renew as () => Json
    t.equal(said((await client.do('context')).json), 'null')
    t.strictSame(heard, ['contextRenewalFailed'])
  }
})

t.test('an outage during a renewal is an outage', async t => {
  const { f, heard } = await renewing(t)
  const client = await f.client(ADA).begin()
  client.renew = () => {
    f.first.weather.down = true
    return { n: 1 }
  }
  t.equal((await client.do('context')).status, 503)
  f.first.weather.down = false
  t.strictSame(heard, [])
})

t.test('a handler renews the context, for every replica', async t => {
  const { f } = await renewing(t, { replicas: 2 })
  const client = await f.client(ADA).begin()
  const there = client.at(f.second.endpoint)
  t.equal(said((await there.do('context')).json), 'null')
  await client.do('renew')
  await client.do('renew')
  for (const one of [client, there]) t.equal(said((await one.do('context')).json), '{"n":7}')
  t.match((await client.do('refused')).text, 'HOLDFAST_INVALID_CONTEXT')
})

t.test('a session without a principal keeps its context', async t => {
  const { f, heard } = await renewing(t)
  const client = await f.client().begin()
  client.renew = () => ({ n: 1 })
  t.equal(said((await client.do('context')).json), 'null')
  t.match((await client.do('renew')).text, /without a principal keeps its context/)
  t.strictSame(heard, [])
})

t.test('a dormant session whose context is not accepted ends, unless it is renewed', async t => {
  let accepted = true
  const options = { replicas: 2, isContext: (context: Json) => accepted || (isContext(context) && context !== null) }
  const { f, heard } = await renewing(t, options)
  const [lost, mended] = [await f.client(ADA).begin(), await f.client(ADA).begin()]
  accepted = false
  mended.renew = () => ({ n: 1 })
  t.equal(said((await mended.at(f.second.endpoint).do('context')).json), '{"n":1}')
  t.equal((await lost.at(f.second.endpoint).do('context')).status, 404)
  t.equal(await f.first.sessions.count(), 1)
  t.strictSame(heard, ['contextRenewed', 'activationFailed'])
})

t.test('a factory that asks for another life of its server is wrong', async t => {
  const { f } = await renewing(t, telling(() => {}, 'request' as 'session'))
  t.equal((await f.client().initialize()).status, 500)
})
