import t from 'tap'
import { Keys } from '../dist/keys.js'
import { bytes, create, text } from './fixtures/given.js'
import { commandsOf, sum } from './fixtures/stored.js'
import { single } from './fixtures/single.js'

const keys = new Keys('holdfast:')

t.test('the life of a stream that is over at once costs eight commands at the most', async (t) => {
  const { backend: { events }, backend, raw } = await single(t)
  const key = await create(backend.records)
  const live = async (name: string): Promise<void> => {
    await events.append({ key, name }, [bytes('{"result":"of a call"}')], { end: true })
  }
  for (let i = 0; i < 20; i++) await live(`before-${i}`)
  const calls = await commandsOf(raw, async () => { for (let i = 0; i < 100; i++) await live(`${i}`) })
  t.ok(sum(calls) <= 800, JSON.stringify([...calls]))
  t.equal((await events.streams([key])).length, 16)
})

t.test('a new stream costs the same, however many there are', async (t) => {
  const { backend: { events }, backend, raw } = await single(t, { maxStreams: 10_000 })
  for (const end of [true, false]) {
    const key = await create(backend.records)
    let made = 0
    const begin = async (amount: number): Promise<void> => {
      await Promise.all(Array.from(
        { length: amount }, async () => await events.append({ key, name: `${++made}` }, [bytes('event')], { end })
      ))
    }
    await begin(10)
    const few = await commandsOf(raw, async () => { await begin(50) })
    for (let i = 0; i < 8; i++) await begin(500)
    const many = await commandsOf(raw, async () => { await begin(50) })
    t.strictSame(many, few)
    for (const name of ['hkeys', 'hvals', 'hgetall', 'hscan', 'lrange']) t.notOk(many.has(name), name)
    t.ok((await raw.call('memory', 'usage', keys.streams(key))) as number > 100_000)
  }
})

t.test('only ended streams are dropped, in the order in which they ended', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxStreams: 3 })
  const key = await create(backend.records)
  const names = async (): Promise<string[]> => (await events.streams([key])).map(({ name }) => name).toSorted()
  const open = async (name: string): Promise<void> => {
    await events.append({ key, name }, [bytes(name)], { head: bytes('head') })
  }
  const end = async (name: string): Promise<void> => { await events.append({ key, name }, [], { end: true }) }
  for (const name of ['a', 'b', 'c', 'd']) await open(name)
  t.strictSame(await names(), ['a', 'b', 'c', 'd'], 'an open stream is never what goes')
  await end('c')
  await end('a')
  await events.append({ key, name: 'e' }, [bytes('e')], { end: true })
  t.strictSame(await names(), ['b', 'd', 'e'], 'and what was too much once becomes less again')
  await open('f')
  t.strictSame(await names(), ['b', 'd', 'f'])
  await open('g')
  await end('b')
  await open('h')
  await open('i')
  t.strictSame(await names(), ['d', 'f', 'g', 'h', 'i'])
  t.equal(await events.append({ key, name: 'b' }, [bytes('anew')]), 1)
})

t.test('an imported stream is dropped like any other', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxStreams: 2 })
  const key = await create(backend.records)
  const whole = { key, head: bytes('head'), floor: 0, entries: [bytes('event')], delivered: 1 }
  await events.append({ key, name: 'listed' }, [bytes('event')])
  await events.append({ key, name: 'listed' }, [], { end: true })
  for (const name of ['a', 'b']) t.equal(await events.importStream({ ...whole, name, ended: true }), true)
  t.equal(await events.importStream({ ...whole, name: 'c', ended: false }), true)
  t.strictSame((await events.streams([key])).map(({ name }) => name).toSorted(), ['b', 'c'])
  t.strictSame(await events.readAfter({ key, name: 'b' }, 'undelivered', 5), {
    head: Buffer.from('head'), after: 1, entries: [], ended: true, lost: false, floor: 0
  })
})

t.test('the head of a stream counts in its bytes, and is bounded', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxStreamBytes: 1000 })
  const key = await create(backend.records)
  const body = new Uint8Array(200)
  for (const end of [false, true]) {
    const kept = async (name: string, head: Uint8Array): Promise<number> => {
      await events.append({ key, name }, [body, body, body], { head, end })
      const { floor } = (await events.readAfter({ key, name }, 3, 1))!
      return 3 - floor
    }
    t.equal(await kept(`without ${end}`, new Uint8Array(0)), 3)
    t.equal(await kept(`with ${end}`, new Uint8Array(500)), 1)
    await t.rejects(kept(`absurd ${end}`, new Uint8Array(1001)), { code: 'HOLDFAST_BACKEND_FULL' })
    t.equal(await events.readAfter({ key, name: `absurd ${end}` }, 0, 1), undefined)
  }
  const arrived = { key, name: 'arrived', floor: 0, entries: [body, body, body], ended: false, delivered: 0 }
  await t.rejects(events.importStream({ ...arrived, head: new Uint8Array(1001) }), { code: 'HOLDFAST_BACKEND_FULL' })
  await events.importStream({ ...arrived, head: new Uint8Array(500) })
  const [found] = (await events.streams([key])).filter(({ name }) => name === 'arrived')
  t.equal(found?.entries.length, 1)
  await t.rejects(events.reseal({ ...found!, head: new Uint8Array(1001) }), { code: 'HOLDFAST_BACKEND_FULL' })
})

t.test('an ended stream keeps the newest of its entries, and its positions', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxEntries: 3 })
  const key = await create(backend.records)
  t.equal(await events.append({ key, name: 'a' }, ['1', '2', '3', '4', '5'].map(bytes), {
    head: bytes('head'), end: true
  }), 5)
  const page = await events.readAfter({ key, name: 'a' }, 3, 1)
  t.match(page, { after: 3, floor: 2, ended: false, lost: false, entries: [{ position: 4 }] })
  t.equal(text(page?.entries[0]?.body), '4')
  t.match(await events.readAfter({ key, name: 'a' }, 1, 9), { lost: true, floor: 2, entries: [] })
  const [stream] = await events.streams([key])
  t.equal(await events.reseal({ ...stream!, entries: ['x', 'yy', ''].map(bytes) }), true)
  t.equal(await events.reseal({ ...stream!, entries: ['x', 'yy'].map(bytes) }), false)
  t.equal(await events.reseal({ ...stream!, floor: 3, entries: ['x', 'yy'].map(bytes) }), false)
  t.strictSame((await events.readAfter({ key, name: 'a' }, 2, 9))?.entries.map(({ body }) => text(body)), [
    'x', 'yy', ''
  ])
})

t.test('thousands of entries are taken at once', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxEntries: 10_000 })
  const key = await create(backend.records)
  const entries = Array.from({ length: 9000 }, (_, i) => bytes(`${i}`))
  t.equal(await events.append({ key, name: 'open' }, entries), 9000)
  t.equal(await events.append({ key, name: 'ended' }, entries, { end: true }), 9000)
  for (const name of ['open', 'ended']) {
    t.strictSame((await events.readAfter({ key, name }, 8998, 9))?.entries.map(({ body }) => text(body)), [
      '8998', '8999'
    ])
  }
})

t.test('all streams of a record are read in slices', async (t) => {
  const { backend: { events }, backend, raw } = await single(t, { maxStreams: 1000 })
  const key = await create(backend.records)
  const body = new Uint8Array(100_000)
  for (let i = 0; i < 60; i++) {
    await events.append({ key, name: `${i}` }, [body], { head: bytes(`${i}`), end: i % 2 === 0 })
  }
  let found: Array<{ name: string, size: number, head: string | undefined, ended: boolean }> = []
  const calls = await commandsOf(raw, async () => {
    found = (await events.streams([key])).map(({ name, head, entries, ended }) => ({
      name, size: entries[0]?.length ?? 0, head: text(head), ended
    }))
  })
  t.strictSame(found.toSorted((a, b) => Number(a.name) - Number(b.name)),
    Array.from({ length: 60 }, (_, i) => ({ name: `${i}`, size: 100_000, head: `${i}`, ended: i % 2 === 0 })))
  t.ok((calls.get('evalsha') ?? 0) > 4, 'no answer has them all')
})

t.test('each way to end a record or its streams leaves nothing of them, and works in slices', async t => {
  const { backend: { events, records }, raw } = await single(t, { maxStreams: 1000 })
  const ways: Array<[string, (key: string) => Promise<unknown>]> = [
    ['remove', async (key) => { t.match(await records.remove(key), { key }) }],
    ['release', async (key) => { t.equal(await records.release(key, 9), true) }],
    ['drop', async (key) => { await events.drop(key) }],
    ['claimExpired', async () => { while ((await records.claimExpired(10)).records.length === 0); }]
  ]
  for (const [way, end] of ways) {
    const key = await create(records, way === 'claimExpired' ? { idle: 2000 } : {})
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => await events.append({ key, name: `${i}` }, [bytes('event')]))
    )
    await Promise.all(Array.from(
      { length: 200 }, async (_, i) => await events.append({ key, name: `ended ${i}` }, [bytes('event')], { end: true })
    ))
    t.equal((await raw.keys(`${keys.streams(key)}*`)).length, 202, 'a hash, its lists, and which they are')
    const calls = await commandsOf(raw, async () => { await end(key) })
    t.strictSame(await raw.keys(`${keys.streams(key)}*`), [], way)
    for (const name of ['hkeys', 'hgetall', 'smembers']) t.notOk(calls.has(name), name)
  }
})

t.test('streams that begin while the lists of many old streams are deleted are not deleted with them', async (t) => {
  const { backend: { events }, backend } = await single(t, { maxStreams: 1000 })
  const key = await create(backend.records)
  await Promise.all(
    Array.from({ length: 500 }, async (_, i) => await events.append({ key, name: `${i}` }, [bytes('old')]))
  )
  await events.drop(await create(backend.records)) // Redis knows the script
  const dropped = events.drop(key)
  await Promise.all([
    dropped, ...Array.from({ length: 100 }, async (_, i) => await events.append({ key, name: `${i}` }, [bytes('new')]))
  ])
  const found = await events.streams([key])
  t.equal(found.length, 100)
  t.ok(found.every(({ entries }) => text(entries[0]) === 'new' && entries.length === 1))
})
