import type { Redis } from 'ioredis'
import t from 'tap'
import { create } from './fixtures/given.js'
import { single } from './fixtures/single.js'

t.test('when Redis fails after a claim, its records are handed out all the same and removed with the next', async t => {
  const { backend: { records }, raw, warnings } = await single(t)
  const keys = [await create(records, { idle: 1 }), await create(records, { idle: 1 })]
  await raw.acl('SETUSER', 'default', '-del')
  const { records: claimed } = await records.claimExpired(10)
  t.strictSame(claimed.map(({ key }) => key).toSorted(), keys.toSorted())
  t.match(warnings, [{ name: 'RedisError', code: 'REDIS_NOPERM' }])
  t.equal(await records.count(), 2)
  t.strictSame((await records.claimExpired(10)).records, [], 'not a second time')
  await raw.acl('SETUSER', 'default', '+del')
  t.strictSame((await records.claimExpired(10)).records, [])
  t.equal(await records.count(), 0)
})

t.test('after the lease of a claim another process may claim the record; the first comes too late', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const key = await create(records, { idle: 1, subject: 'owner' })
  await raw.acl('SETUSER', 'default', '-del')
  await records.claimExpired(10)
  await raw.acl('SETUSER', 'default', '+del')
  for (const name of await raw.keys('holdfast:*:r:*')) await raw.hset(name, { k: 'another', l: '1' })
  t.strictSame((await records.claimExpired(10)).records, [], 'settled by nobody')
  t.equal(await records.count(), 1)
  await lookDue(raw)
  t.strictSame((await records.claimExpired(10)).records.map((record) => record.key), [key])
  t.equal(await records.count(), 0)
})

t.test('when Redis fails at a claim, its records are claimed another time', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const key = await create(records, { idle: 1 })
  await raw.acl('SETUSER', 'default', '-hset')
  t.strictSame((await records.claimExpired(10)).records, [])
  t.match(warnings, [{ name: 'RedisError', code: 'REDIS_NOPERM' }])
  await raw.acl('SETUSER', 'default', '+hset')
  await lookDue(raw)
  t.strictSame((await records.claimExpired(10)).records.map((record) => record.key), [key])
})

t.test('a record that another process has claimed is left alone', async (t) => {
  const { backend: { records }, raw } = await single(t)
  await create(records, { idle: 1 })
  for (const name of await raw.keys('holdfast:*:r:*')) {
    await raw.hset(name, { k: 'another', l: `${Date.now() + 60_000}` })
  }
  t.strictSame((await records.claimExpired(10)).records, [])
  t.equal(await records.count(), 1)
})

t.test('an entry whose record never came is dropped', async (t) => {
  const { backend: { records }, raw } = await single(t)
  await create(records, { idle: 1 })
  await raw.del(await raw.keys('holdfast:*:r:*'))
  t.equal(await records.count(), 1)
  t.strictSame(await records.claimExpired(10), { records: [], more: false })
  t.equal(await records.count(), 0)
})

t.test('an entry that cannot be removed from the index does not keep its record from being claimed', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const key = await create(records, { idle: 1 })
  await raw.acl('SETUSER', 'default', '-zrem')
  t.strictSame((await records.claimExpired(10)).records.map((record) => record.key), [key])
  t.match(warnings, [{ name: 'RedisError', code: 'REDIS_NOPERM' }])
  await raw.acl('SETUSER', 'default', '+zrem')
  t.equal(await records.read(key), undefined)
  await lookDue(raw)
  t.strictSame((await records.claimExpired(10)).records, [], 'not a second time')
  t.equal(await records.count(), 0)
})

t.test('as many as you like are claimed at once', async (t) => {
  const { backend: { records } } = await single(t)
  const keys = await Promise.all(Array.from({ length: 300 }, async () => await create(records, { idle: 1 })))
  const first = await records.claimExpired(200)
  t.equal(first.more, true)
  const rest = await records.claimExpired(200)
  t.equal(rest.more, false)
  t.strictSame([...first.records, ...rest.records].map(({ key }) => key).toSorted(), keys.toSorted())
  t.equal(await records.count(), 0)
})

/** Makes the only entry of a shard look due. */
async function lookDue (raw: Redis): Promise<void> {
  for (const name of [...await raw.keys('holdfast:*:nobody'), ...await raw.keys('holdfast:*:due')]) {
    await raw.call('zadd', [name, '1', String(await raw.call('zrange', [name, '0', '0']))])
  }
}
