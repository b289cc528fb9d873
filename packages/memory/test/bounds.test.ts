import t from 'tap'
import { Clocked, UNLIMITED } from './fixtures/clocked.js'

const KIB = Buffer.alloc(1024)
const full = { name: 'HoldfastError', code: 'HOLDFAST_BACKEND_FULL' }

t.test('a record that does not fit is refused', async (t) => {
  const clock = new Clocked({ maxBytes: 5000 })
  const keys = []
  for (let i = 0; i < 3; i++) keys.push(await clock.create({ body: KIB }))
  t.equal(await clock.records.create(clock.draft({ body: KIB }), UNLIMITED), 'full')
  t.equal(await clock.records.count(), 3)
  await clock.records.remove(keys[0] as string)
  await clock.create({ body: KIB })
})

t.test('a body that grows beyond the bound is refused and stays as it was', async (t) => {
  const clock = new Clocked({ maxBytes: 3000 })
  const key = await clock.create()
  t.equal(await clock.records.replace(key, 1, KIB), 2)
  await t.rejects(clock.records.replace(key, 2, Buffer.alloc(4000)), full)
  t.equal((await clock.records.read(key))?.body.length, 1024)
  t.equal(await clock.records.replace(key, 2, Buffer.alloc(0)), 3, 'a smaller one fits')
  t.equal(await clock.records.replace(key, 3, Buffer.alloc(2400)), 4, 'and makes room')
})

t.test('events that do not fit are refused, and none of them is stored', async (t) => {
  const clock = new Clocked({ maxBytes: 4000 })
  const key = await clock.create()
  await clock.events.append({ key, name: 'a' }, [KIB])
  await t.rejects(clock.events.append({ key, name: 'a' }, [Buffer.alloc(10), Buffer.alloc(3000)]), full)
  t.equal((await clock.events.readAfter({ key, name: 'a' }, 0, 10))?.entries.length, 1)
  await t.rejects(clock.events.append({ key, name: 'b' }, [], { head: Buffer.alloc(3000) }), full)
  t.equal(await clock.events.readAfter({ key, name: 'b' }, 0, 10), undefined)
})

t.test('ended streams are dropped to make room, the oldest first', async (t) => {
  const clock = new Clocked({ maxBytes: 6000 })
  const key = await clock.create()
  for (const name of ['a', 'b']) await clock.events.append({ key, name }, [KIB], { end: true })
  await clock.events.append({ key, name: 'open' }, [KIB])
  await clock.create({ body: KIB })
  t.equal(await clock.events.readAfter({ key, name: 'a' }, 0, 10), undefined)
  t.ok(await clock.events.readAfter({ key, name: 'b' }, 0, 10))
  await clock.create({ body: KIB })
  t.equal(await clock.events.readAfter({ key, name: 'b' }, 0, 10), undefined)
  t.equal(await clock.records.create(clock.draft({ body: KIB }), UNLIMITED), 'full')
  t.ok(await clock.events.readAfter({ key, name: 'open' }, 0, 10), 'an open stream never does')
})

t.test('everything that is deleted frees its bytes', async (t) => {
  const clock = new Clocked({ maxBytes: 40_000, maxEntries: 3, maxTombstones: 1 })
  for (let i = 0; i < 200; i++) {
    const key = await clock.create({ owner: 'owner', body: KIB, idle: 1000 })
    await clock.records.replace(key, 1, Buffer.alloc(i))
    for (let n = 0; n < 10; n++) await clock.events.append({ key, name: 'a' }, [Buffer.alloc(100)], { end: n === 9 })
    await clock.events.append({ key, name: 'b' }, [KIB], { head: KIB })
    if (i % 4 === 0) await clock.events.drop(key)
    if (i % 4 === 1) await clock.records.remove(key)
    if (i % 4 === 2) await clock.records.removeOwner('owner')
    clock.now += 2000
    await clock.claim()
  }
  t.equal(await clock.records.count(), 0)
  await clock.create({ body: Buffer.alloc(40_000 - 512) })
})

t.test('the newest event is kept even if it is larger than the bound', async (t) => {
  const clock = new Clocked({ maxStreamBytes: 2000 })
  const stream = { key: await clock.create(), name: 'a' }
  await clock.events.append(stream, [KIB, Buffer.alloc(50_000)])
  const page = await clock.events.readAfter(stream, 1, 10)
  t.strictSame(page?.entries.map((entry) => entry.body.length), [50_000])
})

t.test('a record keeps at most maxStreams streams: the oldest ended stream is dropped', async (t) => {
  const clock = new Clocked({ maxStreams: 3 })
  const key = await clock.create()
  await clock.events.append({ key, name: 'open' }, [])
  for (const name of ['a', 'b', 'c']) await clock.events.append({ key, name }, [KIB], { end: true })
  t.equal(await clock.events.readAfter({ key, name: 'a' }, 0, 10), undefined)
  for (const name of ['open', 'b', 'c']) t.ok(await clock.events.readAfter({ key, name }, 0, 10), name)
  for (const name of ['d', 'e', 'f', 'g']) await clock.events.append({ key, name }, [])
  for (const name of ['open', 'd', 'e', 'f', 'g']) {
    t.ok(await clock.events.readAfter({ key, name }, 0, 10), `${name} is open`)
  }
})

t.test('all ended streams together are bounded', async (t) => {
  const clock = new Clocked({ maxEndedBytes: 4000 })
  const keys = [await clock.create(), await clock.create(), await clock.create()]
  for (const key of keys) await clock.events.append({ key, name: 'a' }, [KIB], { end: true })
  const kept = await Promise.all(
    keys.map(async (key) => await clock.events.readAfter({ key, name: 'a' }, 0, 1) !== undefined)
  )
  t.strictSame(kept, [false, true, true])
})
