import t from 'tap'
import { ADA, BOB, manager } from './fixtures/manager.js'
import { Reference } from './fixtures/reference.js'

const MINUTE = 60_000

t.test('a principal has no more sessions than allowed', async (t) => {
  const { sessions, heard } = manager({ limits: { maxPerOwner: 2 } })
  const { owner } = await sessions.create({ principal: ADA })
  await sessions.create({ principal: ADA })
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
  t.strictSame(heard.slice(2), [{ event: 'limitReached', limit: 'maxPerOwner', owner, admitted: false }])
  t.ok(await sessions.create({ principal: BOB }))
})

t.test('the cap of a principal does not count those without', async (t) => {
  const { sessions } = manager({ limits: { maxPerOwner: 1 } })
  for (let i = 0; i < 3; i++) t.ok(await sessions.create())
})

t.test('there are no more sessions than allowed', async (t) => {
  const { sessions, heard } = manager({ limits: { maxSessions: 2 } })
  await sessions.create()
  await sessions.create({ principal: ADA })
  await t.rejects(sessions.create(), { code: 'HOLDFAST_LIMIT_REACHED' })
  t.strictSame(heard.at(-1), { event: 'limitReached', limit: 'maxSessions', owner: '', admitted: false })
})

t.test('with evict, the principal\'s own longest-idle session makes room', async (t) => {
  const { backend, sessions, heard } = manager({ limits: { maxPerOwner: 3, evict: 'idle' } })
  const [first, second, third] = [
    await sessions.create({ principal: ADA }),
    await sessions.create({ principal: ADA }),
    await sessions.create({ principal: ADA })
  ]
  const theirs = await sessions.create({ principal: BOB })
  backend.now += MINUTE
  await sessions.touch(first)
  heard.length = 0
  const created = await sessions.create({ principal: ADA })
  t.match(heard, [
    { event: 'terminated', key: second.key, reason: 'evicted' },
    { event: 'limitReached', admitted: true },
    { event: 'created', key: created.key }
  ])
  t.equal(heard.length, 3)
  for (const { id } of [first, third, created]) t.ok(await sessions.open(id, ADA))
  t.ok(await sessions.open(theirs.id, BOB))
})

t.test('it makes room at the cap of all, too, but only from among the principal\'s own', async (t) => {
  const { backend, sessions } = manager({ limits: { maxSessions: 2, evict: 'idle' } })
  const mine = await sessions.create({ principal: ADA })
  const nobodys = await sessions.create()
  backend.now += MINUTE
  await t.rejects(sessions.create({ principal: BOB }), { code: 'HOLDFAST_LIMIT_REACHED' })
  await t.rejects(sessions.create(), { code: 'HOLDFAST_LIMIT_REACHED' }, 'whose oldest could be a stranger\'s')
  t.ok(await sessions.create({ principal: ADA }))
  t.equal(await sessions.open(mine.id, ADA), undefined)
  t.ok(await sessions.open(nobodys.id, null))
})

t.test('a session in use is never evicted', async (t) => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 2, evict: 'idle' } })
  const [first, second] = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  backend.now += MINUTE
  sessions.inUse = key => key === first.key
  const third = await sessions.create({ principal: ADA })
  t.ok(await sessions.open(first.id, ADA))
  t.equal(await sessions.open(second.id, ADA), undefined)
  sessions.inUse = () => true
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
  t.ok(await sessions.open(third.id, ADA))
})

t.test('one that gets into use while others are looked at is left alone', async (t) => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 1, evict: 'idle' } })
  const { id } = await sessions.create({ principal: ADA })
  backend.now += MINUTE
  const { idlest } = backend.records
  backend.records.idlest = async query => {
    const page = await idlest(query)
    sessions.inUse = () => true
    return page
  }
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
  t.ok(await sessions.open(id, ADA))
})

t.test('on a shared backend, what was used just now may be in use elsewhere', async (t) => {
  const backend = Object.assign(new Reference(), { shared: true, now: Date.now() - 3 * 60 * MINUTE })
  const { sessions } = manager({ backend, limits: { maxPerOwner: 2, evict: 'idle' } })
  const [first, second] = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  backend.now += 10 * MINUTE
  await sessions.touch(first)
  const third = await sessions.create({ principal: ADA })
  t.equal(await sessions.open(second.id, ADA), undefined)
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
  for (const { id } of [first, third]) t.ok(await sessions.open(id, ADA))
})

t.test('on a backend of one process, only what is used here is in use', async (t) => {
  const backend = Object.assign(new Reference(), { shared: false, now: Date.now() })
  const { sessions } = manager({ backend, limits: { maxPerOwner: 1, evict: 'idle' } })
  const { id } = await sessions.create({ principal: ADA })
  await sessions.create({ principal: ADA })
  t.equal(await sessions.open(id, ADA), undefined)
})

t.test('the one to evict is found among many that are in use, and no body is read', async (t) => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 600, evict: 'idle' } })
  const all = []
  for (let i = 0; i < 600; i++) all.push(await sessions.create({ principal: ADA }))
  backend.now += MINUTE
  const idle = all[550]!.key
  sessions.inUse = key => key !== idle
  backend.records.list = async () => { throw new Error('it brings bodies') }
  await sessions.create({ principal: ADA })
  t.equal(await sessions.get({ id: all[550]!.id, principal: ADA }), undefined)
  t.equal(await sessions.count({ principal: ADA }), 600)
})

t.test('when all that are looked at are in use, none goes', async t => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 1, evict: 'idle' } })
  const first = await sessions.create({ principal: ADA })
  backend.now += MINUTE
  const looked: number[] = []
  backend.records.idlest = async ({ limit }) => {
    looked.push(limit)
    return Array.from({ length: limit }, (_, i) => ({ key: `tag.${i}`, usedAt: 0 }))
  }
  sessions.inUse = () => true
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
  t.strictSame(looked, [20, 1_000])
  t.ok(await sessions.get({ id: first.id, principal: ADA }))
})

t.test('when others take the room that was made, the cap holds', async (t) => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 1, evict: 'idle' } })
  await sessions.create({ principal: ADA })
  backend.now += MINUTE
  backend.records.create = async () => 'owner-full'
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_LIMIT_REACHED' })
})

t.test('one that ended by itself meanwhile makes no room twice', async (t) => {
  const { backend, sessions, heard } = manager({ limits: { maxPerOwner: 2, evict: 'idle' } })
  const [first, second] = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  backend.now += MINUTE
  const { idlest } = backend.records
  backend.records.idlest = async query => {
    const page = await idlest(query)
    await backend.records.remove(first.key)
    return page
  }
  await sessions.create({ principal: ADA })
  t.strictSame(heard.filter(({ event }) => event === 'terminated').map(({ key }) => key), [second.key])
})

t.test('which sessions are idle is told by the backend, whatever the time is here', async (t) => {
  const backend = Object.assign(new Reference(), { shared: true, now: Date.now() + 24 * 60 * MINUTE })
  const { sessions } = manager({ backend, limits: { maxPerOwner: 1, evict: 'idle' } })
  await sessions.create({ principal: ADA })
  backend.now += MINUTE
  t.ok(await sessions.create({ principal: ADA }))
})

t.test('among sessions without a principal, ' +
  'the longest idle makes room once it was unused for ten minutes', async (t) => {
  const { backend, sessions, heard } = manager({ limits: { maxSessions: 3, evict: 'idle' } })
  const [first, second] = [await sessions.create(), await sessions.create()]
  const ada = await sessions.create({ principal: ADA })
  backend.now += 5 * MINUTE
  await sessions.touch(first)
  backend.now += 5 * MINUTE - 1
  await t.rejects(sessions.create(), { code: 'HOLDFAST_LIMIT_REACHED' })
  backend.now += 1
  await t.rejects(
    sessions.create({ principal: BOB }), { code: 'HOLDFAST_LIMIT_REACHED' }, 'a principal takes nobody else\'s'
  )
  heard.length = 0
  const third = await sessions.create()
  t.match(heard, [
    { event: 'terminated', key: second.key, reason: 'evicted' },
    { event: 'limitReached', limit: 'maxSessions', owner: '', admitted: true },
    { event: 'created', key: third.key }
  ])
  sessions.inUse = key => key === first.key
  backend.now += 10 * MINUTE
  await sessions.touch(third)
  await t.rejects(sessions.create(), { code: 'HOLDFAST_LIMIT_REACHED' }, 'the only idle one is in use here')
  t.ok(await sessions.get({ key: ada.key }))
})

t.test('sessions without a principal cannot be flushed out: ten a second', async (t) => {
  const { backend, sessions, heard } = manager({ limits: { maxSessions: 100, evict: 'idle' } })
  for (let i = 0; i < 100; i++) await sessions.create()
  backend.now += 10 * MINUTE
  const began = performance.now()
  await Promise.allSettled(Array.from({ length: 100 }, async () => await sessions.create()))
  const most = 10 + 10 * Math.ceil((performance.now() - began) / 1000)
  const evicted = heard.filter(({ event }) => event === 'terminated').length
  t.ok(evicted >= 10 && evicted <= most, `${evicted} of at most ${most}`)
  t.equal(await sessions.count(), 100)
})
