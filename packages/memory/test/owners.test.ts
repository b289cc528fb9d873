import t from 'tap'
import { Clocked, HOUR } from './fixtures/clocked.js'

t.test('records that have expired do not count against the cap of their owner, claimed or not', async (t) => {
  const clock = new Clocked()
  await clock.create({ owner: 'owner', idle: 1000 })
  const limits = { maxRecords: 100, maxPerOwner: 1 }
  t.equal(await clock.records.create(clock.draft({ owner: 'owner' }), limits), 'owner-full')
  clock.now += 1000
  t.equal(await clock.records.create(clock.draft({ owner: 'owner' }), limits), 'created')
})

t.test('an expired record that was not claimed yet still holds its key, and is not removed with its owner', async t => {
  const clock = new Clocked()
  const key = await clock.create({ owner: 'owner', idle: 1000 })
  clock.now += 2000
  t.equal(await clock.records.create(clock.draft({ key }), { maxRecords: 9, maxPerOwner: 9 }), 'exists')
  t.strictSame(await clock.records.removeOwner('owner'), [])
  t.strictSame(await clock.claim(), [key])
})

t.test('a page may be shorter than its limit where records have expired', async (t) => {
  const clock = new Clocked()
  for (const idle of [1000, 1000, HOUR, HOUR]) await clock.create({ idle })
  clock.now += 1000
  const first = await clock.records.list({ limit: 2 })
  t.strictSame(first.records, [])
  t.type(first.cursor, 'string')
  const second = await clock.records.list({ limit: 2, cursor: first.cursor as string })
  t.equal(second.records.length, 2)
  t.notOk('cursor' in second)
})

t.test('paging goes on when the record of the cursor is gone', async (t) => {
  const paged = async (remove: (clock: Clocked, keys: string[]) => Promise<unknown>, owner?: string) => {
    const clock = new Clocked()
    const keys: string[] = []
    for (const name of ['one', 'two', 'three']) {
      for (let i = 0; i < 2; i++) keys.push(await clock.create({ owner: name }))
    }
    const scope = owner === undefined ? {} : { owner }
    const { cursor } = await clock.records.list({ ...scope, limit: owner === undefined ? 3 : 1 })
    await remove(clock, keys)
    const { records } = await clock.records.list({ ...scope, limit: 10, cursor: cursor as string })
    return records.map((record) => keys.indexOf(record.key))
  }
  t.strictSame(await paged(async ({ records }, keys) => await records.remove(keys[2] as string)), [3, 4, 5])
  t.strictSame(await paged(async ({ records }) => await records.removeOwner('two')), [4, 5])
  t.strictSame(await paged(
    async ({ records }) => await Promise.all(['two', 'three'].map(async (owner) => await records.removeOwner(owner)))
  ), [])
  t.strictSame(await paged(async ({ records }, keys) => await records.remove(keys[2] as string), 'two'), [3])
  t.strictSame(await paged(async ({ records }) => await records.removeOwner('two'), 'two'), [])
  t.strictSame(await paged(async ({ records }, keys) => {
    await records.remove(keys[2] as string)
    await records.remove(keys[3] as string)
  }), [4, 5])
})

t.test('a cursor at the end of an owner leads to the next', async (t) => {
  const clock = new Clocked()
  const [first, last] = [await clock.create({ owner: 'one' }), await clock.create({ owner: 'one' })]
  const next = await clock.create({ owner: 'two' })
  const { cursor } = await clock.records.list({ limit: 2 })
  await clock.records.remove(last)
  t.strictSame((await clock.records.list({ limit: 5, cursor: cursor as string })).records.map(({ key }) => key), [next])
  const own = await clock.records.list({ limit: 5, cursor: cursor as string, owner: 'one' })
  t.strictSame(own.records, [])
  t.ok(await clock.records.read(first))
})

t.test('a malformed cursor starts at the beginning', async (t) => {
  const clock = new Clocked()
  const key = await clock.create()
  t.strictSame((await clock.records.list({ limit: 5, cursor: 'none' })).records.map((record) => record.key), [key])
})

t.test('keys and owners may be any string', async (t) => {
  const clock = new Clocked()
  const keys = ['', 'k', '\u0100\ud83d\ude00', '__proto__', 'constructor']
  for (const key of keys) await clock.create({ key, owner: `${key}-owner` })
  for (const key of keys) t.equal((await clock.records.read(key))?.owner, `${key}-owner`)
  t.equal(await clock.records.count(), keys.length)
})
