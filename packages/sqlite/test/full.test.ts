import t from 'tap'
import { create, draft, open, place, UNLIMITED } from './fixtures/given.js'

const full = { code: 'HOLDFAST_BACKEND_FULL' }
const BIG = Buffer.alloc(100_000, 1)

t.test('a file at its bound refuses what needs room, serves on, and takes more once there is room', async (t) => {
  const backend = open(t, { path: place(t).path, maxBytes: 2 ** 20 })
  const keys: string[] = []
  for (;;) {
    const record = draft({ body: BIG })
    const created = await backend.records.create(record, UNLIMITED)
    if (created !== 'created') {
      t.equal(created, 'full')
      break
    }
    keys.push(record.key)
  }
  const [first, second] = keys as [string, string]
  t.equal(await backend.records.touch(first, 1), 'current')
  await t.rejects(backend.records.replace(first, 1, Buffer.alloc(200_000)), full)
  await t.rejects(backend.records.reseal(first, 1, Buffer.alloc(200_000)), full)
  await t.rejects(backend.events.append({ key: first, name: 'a' }, [BIG]), full)
  const stream = { key: first, name: 'b', head: BIG, floor: 0, entries: [], ended: false, delivered: 0 }
  await t.rejects(backend.events.importStream(stream), full)
  t.equal(await backend.records.replace(first, 1, Buffer.from('smaller')), 2)
  for (const key of keys.slice(1)) t.ok(await backend.records.remove(key), 'removal goes on')
  t.equal(await backend.records.read(second), undefined)
  await create(backend, { body: BIG })
  t.equal(await backend.events.append({ key: first, name: 'a' }, [BIG]), 1)
})

t.test('a write that passes the bound by itself is refused whole', async (t) => {
  const backend = open(t, { path: place(t).path, maxBytes: 2 ** 20 })
  const key = await create(backend)
  const huge = Buffer.alloc(4_000_000, 1)
  const [append, created, small] = await Promise.allSettled([
    backend.events.append({ key, name: 'a' }, [huge]),
    backend.records.create(draft({ body: huge }), UNLIMITED),
    create(backend)
  ])
  t.match(append, { status: 'rejected', reason: full })
  t.match(created, { value: 'full' })
  t.match(small, { status: 'fulfilled' })
  t.equal(await backend.events.readAfter({ key, name: 'a' }, 0, 10), undefined)
})

t.test('a head that alone is larger than a stream may be is refused', async (t) => {
  const backend = open(t, { path: place(t).path, maxStreamBytes: 1000 })
  const key = await create(backend)
  await t.rejects(backend.events.append({ key, name: 'a' }, [], { head: Buffer.alloc(1001) }), full)
  await backend.events.append({ key, name: 'a' }, [Buffer.from('x')])
  const [stream] = await backend.events.streams([key])
  await t.rejects(backend.events.reseal({ ...stream as NonNullable<typeof stream>, head: Buffer.alloc(1001) }), full)
})
