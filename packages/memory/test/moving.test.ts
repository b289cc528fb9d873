import t from 'tap'
import type { StoredStream } from '@holdfast/core'
import { Clocked, UNLIMITED } from './fixtures/clocked.js'

const KIB = Buffer.alloc(1024)
const full = { name: 'HoldfastError', code: 'HOLDFAST_BACKEND_FULL' }

function arrival (key: string, given: Partial<StoredStream> = {}): StoredStream {
  return { key, name: 'a', head: Buffer.alloc(0), floor: 0, entries: [KIB], ended: false, delivered: 0, ...given }
}

async function names (clock: Clocked, ...keys: string[]): Promise<string[]> {
  return (await clock.events.streams(keys)).map(({ name }) => name)
}

t.test('a stream that does not fit is not imported, and nothing of it stays', async (t) => {
  const clock = new Clocked({ maxBytes: 4000 })
  const key = await clock.create()
  await t.rejects(clock.events.importStream(arrival(key, { entries: [KIB, KIB, KIB] })), full)
  t.strictSame(await names(clock, key), [])
  t.equal(await clock.events.importStream(arrival(key)), true)
  await t.rejects(clock.events.importStream(arrival(key, { name: 'b', head: Buffer.alloc(2000) })), full)
  t.strictSame(await names(clock, key), ['a'])
  await clock.events.drop(key)
  const smaller = arrival(key, { head: Buffer.alloc(1000) })
  t.equal(await clock.events.importStream(smaller), true, 'the refused streams took no bytes')
})

t.test('ended streams are dropped for an imported one, and an imported ended stream for others', async (t) => {
  const clock = new Clocked({ maxBytes: 5000 })
  const key = await clock.create()
  for (const name of ['a', 'b', 'c']) {
    t.equal(await clock.events.importStream(arrival(key, { name, ended: true })), true)
  }
  t.strictSame(await names(clock, key), ['b', 'c'])
  await clock.create({ body: KIB })
  t.strictSame(await names(clock, key), ['c'])
})

t.test('imported streams have the same bounds as others', async (t) => {
  const clock = new Clocked({ maxStreams: 2, maxEntries: 3, maxStreamBytes: 4000, maxEndedBytes: 3500 })
  const [key, other] = [await clock.create(), await clock.create()]
  for (const name of ['a', 'b', 'c']) await clock.events.importStream(arrival(key, { name, ended: name !== 'b' }))
  t.strictSame(await names(clock, key), ['b', 'c'], 'the oldest ended one of the record makes room')
  await clock.events.importStream(arrival(other, { entries: [KIB], ended: true }))
  await clock.events.importStream(arrival(other, { name: 'b', ended: true }))
  t.strictSame(await names(clock, key, other), ['b', 'a', 'b'], 'the oldest ended one of all makes room')
  await clock.events.drop(other)
  await clock.events.importStream(arrival(other, { floor: 7, entries: [1, 2, 3, 4, 5].map((n) => Buffer.alloc(n)) }))
  await clock.events.importStream(arrival(other, {
    name: 'b', floor: 7, entries: Array.from({ length: 5 }, () => Buffer.alloc(1500))
  }))
  t.strictSame((await clock.events.streams([other])).map(({ floor, entries }) => [floor, entries.length]), [
    [9, 3], [10, 2]
  ])
})

t.test('a record that would grow beyond the bound when it is resealed stays as it was', async (t) => {
  const clock = new Clocked({ maxBytes: 3000 })
  const key = await clock.create({ body: KIB })
  await t.rejects(clock.records.reseal(key, 1, Buffer.alloc(4000)), full)
  t.equal((await clock.records.read(key))?.body.length, 1024)
  t.equal(await clock.records.reseal(key, 1, Buffer.alloc(0)), true)
  t.equal(await clock.records.create(clock.draft({ body: KIB }), UNLIMITED), 'created', 'a smaller one makes room')
})

t.test('a stream that would grow beyond the bound when it is resealed stays as it was', async (t) => {
  const clock = new Clocked({ maxBytes: 3000 })
  const stream = arrival(await clock.create())
  await clock.events.importStream(stream)
  await t.rejects(clock.events.reseal({ ...stream, entries: [Buffer.alloc(4000)] }), full)
  t.equal((await clock.events.streams([stream.key]))[0]?.entries[0]?.length, 1024)
  t.equal(await clock.events.reseal({ ...stream, entries: [Buffer.alloc(0)] }), true)
  const smaller = clock.draft({ body: Buffer.alloc(900) })
  t.equal(await clock.records.create(smaller, UNLIMITED), 'created', 'a smaller one makes room')
})

t.test('an ended stream that is itself dropped to make room is not resealed', async (t) => {
  const clock = new Clocked({ maxBytes: 4000 })
  const stream = arrival(await clock.create(), { ended: true })
  await clock.events.importStream(stream)
  await clock.create({ body: KIB })
  t.equal(await clock.events.reseal({ ...stream, entries: [Buffer.alloc(1900)] }), false)
  t.strictSame(await names(clock, stream.key), [])
  await clock.create({ body: Buffer.alloc(4000 - 512 - 512 - 4 - 512 - 1024) })
})

t.test('resealed streams stay within their bounds', async (t) => {
  const clock = new Clocked({ maxStreamBytes: 4000, maxEndedBytes: 4000 })
  const key = await clock.create()
  const [open, first, last] = [
    arrival(key, { name: 'open', entries: [KIB, KIB, KIB] }),
    arrival(key, { name: 'first', ended: true }),
    arrival(key, { name: 'last', ended: true })
  ]
  for (const stream of [open, first, last]) await clock.events.importStream(stream)
  t.equal(await clock.events.reseal({ ...open, entries: open.entries.map(() => Buffer.alloc(1500)) }), true)
  t.match((await clock.events.streams([key]))[0], { floor: 1, entries: { length: 2 } })
  t.equal(await clock.events.reseal({ ...last, entries: [Buffer.alloc(1500)] }), true)
  t.strictSame(await names(clock, key), ['open', 'first', 'last'])
  t.equal(await clock.events.reseal({ ...last, entries: [Buffer.alloc(2000)] }), true)
  t.strictSame(await names(clock, key), ['open', 'last'], 'the oldest ended one makes room')
  await clock.events.append({ key, name: 'more' }, [KIB], { end: true })
  t.strictSame(await names(clock, key), ['open', 'more'])
})

t.test('imported and resealed streams free their bytes', async (t) => {
  const clock = new Clocked({ maxBytes: 40_000, maxEntries: 3, maxTombstones: 1 })
  for (let i = 0; i < 200; i++) {
    const key = await clock.create({ body: KIB })
    const entries = Array.from({ length: 5 }, () => Buffer.alloc(i))
    for (const name of ['a', 'b']) await clock.events.importStream(arrival(key, { name, ended: name === 'b', entries }))
    for (const stream of await clock.events.streams([key])) {
      const anew = stream.entries.map(() => Buffer.alloc(200 - i))
      t.equal(await clock.events.reseal({ ...stream, head: Buffer.alloc(i * 2), entries: anew }), true)
    }
    await clock.records.reseal(key, 1, Buffer.alloc(i))
    if (i % 2 === 0) await clock.events.drop(key)
    await clock.records.remove(key)
  }
  await clock.create({ body: Buffer.alloc(40_000 - 512) })
})
