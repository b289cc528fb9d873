import t from 'tap'
import { Keys } from '../dist/keys.js'
import { create, draft } from './fixtures/given.js'
import { commandsOf, sum } from './fixtures/stored.js'
import { single } from './fixtures/single.js'

const keys = new Keys('holdfast:')

t.test('a tombstone lives as long as an older copy could, and no longer', async (t) => {
  const { backend: { records }, raw } = await single(t)
  for (const [idle, absolute] of [[60_000, 3_600_000], [3_600_000, 60_000]] as const) {
    const key = await create(records, { idle, absolute })
    await records.remove(key)
    const ttl = await raw.pttl(keys.tombstone(key))
    t.ok(ttl > 0 && ttl <= 60_000, `${ttl}`)
  }
})

t.test('beginning and ending sessions for ever leaves a bounded number of tombstones, and nothing else', async (t) => {
  const { backend: { records }, raw } = await single(t, { maxTombstones: 640 })
  const loop = async (times: number): Promise<string[]> =>
    (await Promise.all(Array.from({ length: times }, async () => {
      const key = await create(records, { subject: 'greedy' })
      await records.remove(key)
      return key
    })))
  const stones = async (): Promise<number> => (await raw.keys('holdfast:*:t:*')).length
  const size = async (): Promise<number> => await raw.dbsize()
  for (let i = 0; i < 6; i++) await loop(200)
  const before = await size()
  const last: string[] = []
  for (let i = 0; i < 6; i++) last.splice(0, last.length, ...await loop(200))
  t.ok(await stones() <= 640, `${await stones()}`)
  t.ok(await stones() > 320, 'and not much fewer')
  t.ok(await size() <= 640 + 3 * 64 + 2 && await size() - before < 50, `${await size()}`)
  t.equal(await records.count(), 0)
  t.ok((await records.removed(last)).length > 100, 'the newest are kept')
})

t.test('tombstones that have ended leave the count of their shard', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const counted = async (): Promise<number> => {
    const amounts = await Promise.all((await raw.keys('holdfast:*:stones')).map(async (name) => await raw.zcard(name)))
    return amounts.reduce((all, amount) => all + amount, 0)
  }
  await Promise.all(Array.from({ length: 300 }, async () => await records.remove(await create(records))))
  t.equal(await counted(), 300)
  for (const name of await raw.keys('holdfast:*:stones')) {
    for (const key of await raw.zrange(name, '0', '-1')) await raw.call('zadd', [name, '1', key])
  }
  await Promise.all(Array.from({ length: 300 }, async () => await records.remove(await create(records))))
  t.ok(await counted() < 400)
})

t.test('creations that are refused leave nothing, and cost the same however many records the owner has', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const limits = { maxRecords: 1e9, maxPerOwner: 500 }
  const subject = 'owner'
  await Promise.all(Array.from({ length: 500 }, async () => await create(records, { subject })))
  const refused = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 50 }, async () => {
      t.equal(await records.create(draft({ subject }), limits), 'owner-full')
    }))
  }
  await refused()
  const size = await raw.dbsize()
  const calls = await commandsOf(raw, refused)
  t.equal(await raw.dbsize(), size)
  t.equal(await records.count(), 500)
  t.ok((calls.get('hmget') ?? 0) <= 32 * 50, JSON.stringify([...calls]))
  calls.delete('zcard') // all records are counted anew once a second, for all callers
  t.ok(sum(calls) < 70 * 50, JSON.stringify([...calls]))
})

t.test('records that have expired or vanished make room, claimed or not, also behind many that were used', async t => {
  const { backend: { records }, raw } = await single(t)
  const limits = { maxRecords: 1e9, maxPerOwner: 400 }
  const subject = 'owner'
  const used = await Promise.all(Array.from({ length: 397 }, async () => await create(records, { subject })))
  const [expired, vanished, foreign] = [
    await create(records, { subject, idle: 1 }), await create(records, { subject }), await create(records, { subject })
  ]
  await raw.del(keys.record(vanished))
  await raw.del(keys.record(foreign))
  await raw.set(keys.record(foreign), 'a string')
  await Promise.all(used.map(async (key) => await records.touch(key, 1)))
  const created: string[] = []
  for (let i = 0; i < 10; i++) created.push(await records.create(draft({ subject }), limits))
  t.equal(created.filter((answer) => answer === 'created').length, 2)
  t.equal(created.at(-1), 'owner-full')
  t.equal(await raw.get(keys.record(foreign)), 'a string', 'kept')
  t.equal(await records.read(expired), undefined)
})
