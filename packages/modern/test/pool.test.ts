import t from 'tap'
import { ADA, BOB, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { nameOf } from '../dist/bridge/pool-key.js'
import { Gate, eventually } from '@holdfast/waiting'
import { type Made, type Scripts, accepted, ask, text, v1 } from './fixtures/servers.js'

const client = { name: 'c', version: '1' }
const scripts: Scripts = {
  who: ({ session }) => [session.principal?.subject, session.context],
  ask: async scene => (await ask(scene, 'Who?', 'who')).content?.value
}

t.test('a principal uses a server object again', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  for (let i = 0; i < 3; i++) await first.do('who', { principal: ADA, client })
  t.equal(made.length, 1)
  t.equal(first.bridge.liveCount, 1)
  t.equal(made[0]?.session.principal, null, 'between calls it is nobody\'s')
})

t.test('what tells calls apart gets another server object', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  const different = [
    {}, { principal: BOB }, { principal: { ...ADA, tenantId: 'x' } }, { client: { name: 'c', version: '2' } },
    { client: undefined }, { capabilities: {} }, { capabilities: { roots: {} } }, { context: () => 'token 1' },
    { context: () => 'token 2' }
  ]
  for (const asked of different) {
    const before = made.length
    const given = { principal: ADA, client, ...asked }
    const seen = JSON.parse(text(await first.do('who', given as never)))
    t.equal(made.length, before + 1, JSON.stringify(asked))
    t.equal(seen[0], given.principal.subject)
    await first.do('who', given as never)
    t.equal(made.length, before + 1)
  }
})

t.test('nobody shares with somebody unknown', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  await first.do('who')
  await first.do('who')
  t.equal(made.length, 2)
  await eventually(() => made.every(({ disposed }) => disposed[0] === 'dormant'))
  t.equal(first.bridge.liveCount, 0)
})

t.test('per replica, all callers share, one after the other', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made), per: 'replica' })
  t.same(JSON.parse(text(await first.do('who', { principal: ADA, context: () => 7 }))), ['ada', 7])
  t.same(JSON.parse(text(await first.do('who', { principal: BOB, context: () => 7 }))), ['bob', 7])
  t.same(JSON.parse(text(await first.do('who', { context: () => 7 }))), [null, 7])
  t.equal(made.length, 1)
  await first.do('who', { principal: ADA, context: () => 8 })
  t.equal(made.length, 2, 'never with another context')
})

t.test('a server runs one call at a time', async (t) => {
  const made: Made[] = []
  const gate = new Gate()
  let running = 0
  let most = 0
  const { first } = await fleet(t, {
    createServer: v1({
      slow: async () => {
        most = Math.max(most, ++running)
        await gate.passed
        running--
      }
    }, made)
  })
  const calls = Array.from({ length: 3 }, async () => await first.do('slow', { principal: ADA }))
  await eventually(() => running === 3)
  gate.open()
  await Promise.all(calls)
  t.equal(made.length, 3)
  t.equal(most, 3)
  t.equal(first.bridge.liveCount, 3, 'all three rest')
})

t.test('an unused server object goes', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made), dormantAfter: 20 })
  await first.do('who', { principal: ADA })
  await eventually(() => made[0]?.disposed.length === 1)
  t.same(made[0]?.disposed, ['dormant'])
  t.equal(made[0]?.closed, 1)
  t.equal(first.bridge.liveCount, 0)
})

t.test('a server that closes itself is not used again', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, {
    createServer: v1({ ...scripts, close: async ({ server }) => { await server.close() } }, made)
  })
  t.match(await first.do('close', { principal: ADA }), {
    error: { code: -32603, message: 'The server closed itself during the call; it may have run in part' }
  })
  await first.do('who', { principal: ADA })
  t.equal(made.length, 2)
  await made[1]?.server.close()
  await first.do('who', { principal: ADA })
  t.equal(made.length, 3, 'nor one that closes itself while it rests')
})

t.test('what a server says between calls is dropped', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  await first.do('who', { principal: ADA, logLevel: 'debug' })
  const { server } = made[0] as Made
  await server.server.sendLoggingMessage({ level: 'error', data: 'x' })
  await server.server.sendToolListChanged()
  await t.rejects(server.server.listRoots(), /nobody can answer/)
  const next = first.begin({ name: 'do', arguments: { what: 'who' }, principal: ADA, logLevel: 'debug' })
  await next.outcome
  t.same(next.notes, [])
  t.equal(made.length, 1)
})

t.test('a place for every server object', async (t) => {
  const made: Made[] = []
  const gate = new Gate()
  const { first } = await fleet(t, {
    createServer: v1({ ...scripts, slow: async () => { await gate.passed } }, made), maxLive: 2
  })
  const one = first.do('slow', { principal: ADA })
  await eventually(() => made.length === 1)
  const two = first.do('who', { principal: ADA })
  const other = await first.do('who', { principal: BOB })
  t.ok(other.result, 'the other half is for others')
  gate.open()
  t.ok((await two).result, 'a call waits for a place')
  await one
  t.ok(first.bridge.liveCount <= 2)
})

t.test('a call that finds no place in time', async (t) => {
  const gate = new Gate()
  const { first } = await fleet(t, { createServer: v1({ slow: async () => { await gate.passed } }), maxLive: 1 })
  const reached: unknown[] = []
  first.sessions.on('limitReached', ({ limit }) => { reached.push(limit) })
  const one = first.do('slow', { principal: ADA })
  const error = { code: -32603, message: 'Too many servers are in use, try again later' }
  t.match(await first.do('slow', { principal: BOB }), { error, status: 503, retryAfter: 1 })
  t.same(reached, ['maxLive'])
  gate.open()
  await one
})

t.test('a parked call gives way to another owner', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made), maxLive: 1 })
  const asked = await first.do('ask', { principal: ADA })
  await new Promise(resolve => setTimeout(resolve, 10))
  t.ok((await first.do('who', { principal: BOB })).result)
  t.match(await first.do('ask', { principal: ADA, ...retryOf(asked, { who: accepted('me') }) }), {
    error: { code: -32603, message: 'The call had to make room for other calls; call again' }
  })
})

t.test('a resting server object gives way', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made), maxLive: 1 })
  await first.do('who', { principal: ADA })
  await first.do('who', { principal: BOB })
  await eventually(() => made[0]?.disposed.length === 1)
  t.equal(first.bridge.liveCount, 1)
})

t.test('closing lets go of everything', async (t) => {
  const made: Made[] = []
  const { first } = await fleet(t, { createServer: v1(scripts, made) })
  await first.do('who', { principal: ADA })
  await first.bridge.close()
  t.same(made[0]?.disposed, ['closing'])
  t.match(await first.do('who', { principal: ADA }), { status: 503 })
})

t.test('two principals with colliding ids, 500 calls at once', async (t) => {
  const { first, second } = await fleet(t, {
    createServer: v1({
      echo: async ({ session }) => {
        await new Promise(resolve => setTimeout(resolve, Math.random() * 5))
        return session.principal?.subject
      },
      nonce: async scene => {
        if (Math.random() < 0.1) await ask(scene, 'Sure?', 'sure')
        await new Promise(resolve => setImmediate(resolve))
      }
    }),
    replicas: 2,
    maxParkedPerOwner: 1_000
  })
  const calls = Array.from({ length: 500 }, async (_, index) => {
    const principal = index % 2 === 0 ? ADA : BOB
    const nonce = `${principal.subject} ${index}`
    const asked = { name: 'do', arguments: { what: 'nonce', nonce }, principal, id: index >> 1 }
    const [one, other] = index % 4 < 2 ? [first, second] : [second, first]
    let outcome = await one.call(asked)
    if (outcome.result.resultType === 'input_required') {
      outcome = await other.call({ ...asked, ...retryOf(outcome, { sure: accepted('yes') }) })
    }
    t.equal(text(outcome), JSON.stringify(nonce))
    if (index % 10 === 0) t.equal(text(await one.do('echo', { principal, id: 1 })), principal.subject)
  })
  await Promise.all(calls)
})

t.test('what names a server object of the pool stays short, and differs for everything that differs', t => {
  const long = 'x'.repeat(10_000)
  const names = [['a', 'b'], ['a,b'], [long], [`${long}y`], [['a'], 'b'], [{ a: 1 }]].map(parts => nameOf(parts))
  t.equal(new Set(names).size, names.length)
  t.ok(names.every(name => name.length <= 512))
  t.equal(nameOf([long]), nameOf([long]))
  t.end()
})
