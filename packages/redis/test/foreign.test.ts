import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { redis } from '../dist/index.js'
import { Keys, shardOf } from '../dist/keys.js'
import { scripts } from '../dist/script.js'
import { toBytes, toCount, toRecord } from '../dist/script-reply.js'
import { bytes, create, draft, text, UNLIMITED } from './fixtures/given.js'
import { single } from './fixtures/single.js'

const keys = new Keys('holdfast:')

t.test('a foreign value in the place of a record is no record; it is reported and kept', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const { key } = draft()
  const name = keys.record(key)
  const values: Array<() => Promise<unknown>> = [
    async () => await raw.set(name, 'a string'),
    async () => await raw.hset(name, { v: '1', w: 'id', u: 'never', i: 'x', d: 'y' }),
    async () => await raw.hset(name, {
      v: '1', w: 'id', o: '', c: 'then', u: '9999999999999', i: '5', d: '9999999999999', b: ''
    })
  ]
  for (const put of values) {
    await raw.del(name)
    await put()
    const before = await raw.dump(name)
    warnings.length = 0
    t.equal(await records.read(key), undefined)
    t.equal(await records.touch(key, 0), undefined)
    t.equal(warnings.length, 2)
    t.match(warnings[0], { name: 'RedisError', code: 'REDIS_FOREIGN' })
    t.equal(await records.create(draft({ key }), UNLIMITED), 'exists')
    if (put === values[2]) continue
    await t.rejects(records.replace(key, 1, bytes('mine')), { code: 'REDIS_FOREIGN' })
    await t.rejects(records.remove(key), { code: 'REDIS_FOREIGN' })
    t.equal(await raw.dump(name), before, 'kept')
  }
})

t.test('a record with a foreign field is removed like any other, and its content is not returned', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const key = await create(records)
  await raw.hset(keys.record(key), 'v', 'not ours')
  t.equal(await records.remove(key), 'unseen')
  t.match(warnings, [{ code: 'REDIS_FOREIGN' }])
  t.strictSame(await records.removed([key]), [key])
  t.equal(await raw.zcard(keys.all(shardOf(key))), 0, 'its entry has left the index')
})

t.test('foreign values do not keep an owner from being revoked', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const [first, second, foreign, marked] = await Promise.all(
    Array.from({ length: 4 }, async () => await create(records, { subject: 'owner' }))
  )
  const owner = (await records.read(first as string))?.owner as string
  await raw.set(keys.record(foreign as string), 'a string')
  await raw.hset(keys.tombstone(marked as string), 'not', 'ours')
  t.strictSame((await records.removeOwner(owner)).toSorted(), [first, second].toSorted())
  t.match(warnings, [{ code: 'REDIS_FOREIGN' }, { code: 'REDIS_FOREIGN' }])
  t.equal(await raw.get(keys.record(foreign as string)), 'a string', 'kept')
  t.strictSame(await raw.hgetall(keys.tombstone(marked as string)), { not: 'ours' }, 'kept')
})

t.test('a hash without the fields of a record is none', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const { key } = draft()
  await raw.hset(keys.record(key), { name: 'value' })
  t.equal(await records.read(key), undefined)
  t.equal(await records.touch(key, 1), undefined)
  t.strictSame(await raw.hgetall(keys.record(key)), { name: 'value' })
})

t.test('listing and claiming skip foreign values, and find the rest', async (t) => {
  const { backend: { records }, raw, warnings } = await single(t)
  const [kept, foreign, expired] = [await create(records), await create(records), await create(records, { idle: 1 })]
  await raw.set(keys.record(foreign), 'a string')
  await raw.zadd(keys.due(3), 5, 'no entry at all')
  await raw.zadd(keys.all(3), 0, 'no entry at all')
  await raw.zadd(
    keys.nobody(shardOf(foreign)), 5,
    ...await raw.zrangebylex(keys.all(shardOf(foreign)), `[${foreign}`, `[${foreign}~`)
  )
  await raw.zadd(keys.due((shardOf(kept) + 1) % 64), 5, `${kept}|born`)
  t.strictSame((await records.list({ limit: 10 })).records.map(({ key }) => key), [kept])
  t.equal(warnings.length, 1)
  const claimed = await records.claimExpired(10)
  t.strictSame(claimed.records.map(({ key }) => key), [expired])
  t.equal(claimed.more, false)
  t.equal(warnings.length, 2)
  t.equal(text((await records.read(kept))?.body), 'body')
  t.equal(await raw.zcard(keys.due(3)) > 0, true, 'kept')
  t.strictSame((await records.claimExpired(10)).records, [], 'and not looked at again at once')
})

t.test('a record whose creation was interrupted and repeated is listed once, with any size of a page', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const made = new Set<string>()
  for (let i = 0; i < 5; i++) made.add(await create(records))
  for (const key of made) await raw.zadd(keys.all(shardOf(key)), 0, `${key}|0`, 0, `${key}|zzzz`, 0, `${key}|zzzzz`)
  const [first] = made
  await raw.zadd(keys.all(shardOf(first as string)), 0, 'no entry at all', 0, 'and no other')
  for (const limit of [1, 2, 3, 100]) {
    const listed: string[] = []
    let cursor: string | undefined
    do {
      const page = await records.list({ limit, ...cursor !== undefined && { cursor } })
      t.ok(page.records.length <= limit)
      listed.push(...page.records.map(({ key }) => key))
      cursor = page.cursor
    } while (cursor !== undefined)
    t.equal(listed.length, 5, `pages of ${limit}`)
    t.strictSame(new Set(listed), made)
  }
})

t.test('an answer that no script of ours gives is not taken for one', async (t) => {
  for (const read of [
    () => toRecord('', 'text'), () => toRecord('', []), () => toBytes('text'), () => toCount(-1),
    () => toCount(Buffer.alloc(0))
  ]) {
    t.throws(read, { code: 'REDIS_FOREIGN' })
  }
  const client = Object.assign(new EventEmitter(), {
    status: 'ready',
    isCluster: false,
    options: { tls: {} },
    callBuffer: async () => null,
    info: async () => '',
    evalshaBuffer: async (sha: string) => sha === scripts['index-count'].sha ? 0 : Buffer.from('nonsense')
  })
  const { records } = redis({ client: client as unknown as Redis, onWarning: () => {} })
  await t.rejects(records.create(draft(), UNLIMITED), { code: 'REDIS_FOREIGN' })
})
