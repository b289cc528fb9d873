import t from 'tap'
import { draft } from './fixtures/given.js'
import { commandsOf } from './fixtures/stored.js'
import { single } from './fixtures/single.js'

const FAR = { maxRecords: 1_000_000, maxPerOwner: 1_000 }

t.test('concurrent creations far below the cap share one count of the records', async t => {
  const { backend: { records }, raw } = await single(t)
  const calls = await commandsOf(raw, async () => {
    const created = await Promise.all(Array.from({ length: 50 }, async () => await records.create(draft(), FAR)))
    t.strictSame(new Set(created), new Set(['created']))
  })
  t.equal(calls.get('zcard'), 64, 'one for each shard of the index')
})

t.test('one record after another rarely extends the time to live of the index', async t => {
  const { backend: { records }, raw } = await single(t)
  const create = async (): Promise<void> => {
    for (let n = 0; n < 150; n++) await records.create(draft(n % 2 === 0 ? { subject: 'owner' } : {}), FAR)
  }
  await create()
  const calls = await commandsOf(raw, create)
  t.ok((calls.get('pexpire') ?? 0) < 128, 'the two sets of each shard are extended at most once')
  t.equal(calls.get('pexpireat'), 150, 'only the record itself')
})

t.test('at the cap, each creation counts anew, so that room is found as soon as it is there', async t => {
  const { backend: { records } } = await single(t)
  const caps = { ...FAR, maxRecords: 3 }
  const drafts = Array.from({ length: 3 }, () => draft())
  t.strictSame(await records.createMany([...drafts, draft()], caps), ['created', 'created', 'created', 'full'])
  for (const { key } of drafts) {
    t.equal(await records.create(draft(), caps), 'full')
    await records.remove(key)
    t.equal(await records.create(draft(), caps), 'created')
  }
  t.equal(await records.count(), 3)
})
