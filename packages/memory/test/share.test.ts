import t from 'tap'
import { Heaviest } from '../dist/heaviest.js'
import { Clocked, UNLIMITED } from './fixtures/clocked.js'

const KIB = Buffer.alloc(1024)
const full = { name: 'HoldfastError', code: 'HOLDFAST_BACKEND_FULL' }

t.test('an owner holds at most half of the bytes', async t => {
  const clock = new Clocked({ maxBytes: 20_000 })
  let begun = 0
  let answer
  while ((answer = await clock.records.create(clock.draft({ owner: 'greedy', body: KIB }), UNLIMITED)) === 'created') {
    begun++
  }
  t.equal(answer, 'owner-full')
  t.equal(begun, Math.floor(10_000 / 1536))
  const theirs = await clock.create({ owner: 'other', body: KIB })
  const [first] = (await clock.records.list({ owner: 'greedy', limit: 1 })).records
  await t.rejects(clock.records.replace(first!.key, 1, Buffer.alloc(3000)), full)
  await t.rejects(clock.events.append({ key: first!.key, name: 'a' }, [KIB]), full)
  await clock.events.append({ key: theirs, name: 'a' }, [KIB])
  await clock.records.remove(first!.key)
  await clock.create({ owner: 'greedy', body: KIB })
})

t.test('sessions without an owner have no bound of their own', async t => {
  const clock = new Clocked({ maxBytes: 8 * 1536 })
  for (let i = 0; i < 8; i++) await clock.create({ body: KIB })
  t.equal(await clock.records.create(clock.draft({ owner: 'new', body: KIB }), UNLIMITED), 'full')
  t.equal(await clock.records.count('new'), 0)
})

t.test('an owner at its half loses its own ended streams', async t => {
  const clock = new Clocked({ maxBytes: 12_000 })
  const [mine, theirs] = [await clock.create({ owner: 'mine' }), await clock.create({ owner: 'theirs' })]
  await clock.events.append({ key: theirs, name: 'kept' }, [KIB], { end: true })
  for (let i = 0; i < 20; i++) await clock.events.append({ key: mine, name: `${i}` }, [KIB], { end: true })
  t.ok(await clock.events.readAfter({ key: mine, name: '19' }, 0, 1))
  t.equal(await clock.events.readAfter({ key: mine, name: '0' }, 0, 1), undefined)
  t.ok(await clock.events.readAfter({ key: theirs, name: 'kept' }, 0, 1))
})

t.test('when room is needed, the ended streams of the owner with the most bytes are dropped first', async t => {
  const clock = new Clocked({ maxBytes: 30_000 })
  const [heavy, light] = [await clock.create({ owner: 'heavy' }), await clock.create({ owner: 'light' })]
  await clock.events.append({ key: light, name: 'oldest' }, [KIB], { end: true })
  for (let i = 0; i < 8; i++) await clock.events.append({ key: heavy, name: `${i}` }, [KIB], { end: true })
  while ((await clock.events.readAfter({ key: heavy, name: '5' }, 0, 1)) !== undefined) {
    await clock.create({ body: KIB })
  }
  t.ok(await clock.events.readAfter({ key: light, name: 'oldest' }, 0, 1))
})

t.test('an owner counts with its bytes now, not with those it had when its streams ended', async t => {
  const clock = new Clocked({ maxBytes: 40_000 })
  const heavy = await clock.create({ owner: 'heavy' })
  await clock.events.append({ key: heavy, name: 'first' }, [KIB], { end: true })
  const light = await clock.create({ owner: 'light' })
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) await clock.events.append({ key: light, name }, [KIB], { end: true })
  for (let i = 0; i < 10; i++) await clock.create({ owner: 'heavy', body: KIB })
  while ((await clock.events.readAfter({ key: heavy, name: 'first' }, 0, 1)) !== undefined) {
    await clock.create({ body: KIB })
  }
  for (const name of names) t.ok(await clock.events.readAfter({ key: light, name }, 0, 1), name)
})

t.test('ended streams of one owner do not push out those of others', async t => {
  const clock = new Clocked({ maxEndedBytes: 10_000 })
  const [mine, theirs] = [await clock.create({ owner: 'mine' }), await clock.create({ owner: 'theirs' })]
  await clock.events.append({ key: theirs, name: 'kept' }, [KIB], { end: true })
  for (let i = 0; i < 15; i++) await clock.events.append({ key: mine, name: `${i}` }, [KIB], { end: true })
  t.ok(await clock.events.readAfter({ key: theirs, name: 'kept' }, 0, 1))
  t.equal(await clock.events.readAfter({ key: mine, name: '0' }, 0, 1), undefined)
})

t.test('the heaviest is found among many, within a factor of two', async t => {
  const heaviest = new Heaviest<number>()
  t.equal(heaviest.first, undefined)
  const weights = Array.from({ length: 200 }, (_, i) => (i * 7919) % 5003)
  weights.forEach((weight, i) => heaviest.weigh(i, weight))
  for (let left = weights.length; left > 1; left--) {
    const found = heaviest.first
    if (found === undefined) break
    t.ok(weights[found]! * 2 > Math.max(...weights))
    weights[found] = 0
    heaviest.weigh(found, 0)
  }
  t.equal(heaviest.first, undefined)
})
