import { Redis } from 'ioredis'
import t from 'tap'
import { redis } from '../dist/index.js'
import { Keys, shardOf } from '../dist/keys.js'
import { create, draft } from './fixtures/given.js'
import { commandsOf, sum } from './fixtures/stored.js'
import { single } from './fixtures/single.js'

const keys = new Keys('holdfast:')
const MINUTE = 60_000

/** Unused for so many minutes. */
const unused = (minutes: number) => ({
  idle: 1000 * MINUTE,
  absolute: 10_000 * MINUTE,
  origin: { createdAt: Date.now() - minutes * MINUTE, usedAt: Date.now() - minutes * MINUTE, version: 1 }
})

for (const subject of [undefined, 'owner']) {
  const { owner } = draft(subject === undefined ? {} : { subject })
  const whose = subject ?? 'nobody'
  const own = subject === undefined ? {} : { subject }

  t.test(`finding the longest unused records of ${whose} reads no bodies, and few keys`, async (t) => {
    const { server, raw } = await single(t)
    const client = new Redis(server.url)
    const { records } = redis({ client, onWarning: () => {} })
    t.teardown(() => { client.disconnect() })
    const body = new Uint8Array(50_000)
    const made: string[] = []
    for (let i = 0; i < 200; i++) made.push(await create(records, { ...own, ...unused(300 - i), body }))
    for (const limit of [100, 1]) {
      await records.idlest({ owner, unusedFor: 1, limit }) // Redis knows the scripts
      const before = client.stream.bytesRead
      const found = await records.idlest({ owner, unusedFor: 10 * MINUTE, limit })
      t.strictSame(found.map(({ key }) => key), made.slice(0, limit))
      t.ok(
        client.stream.bytesRead - before <= 200 * Math.max(limit, 100),
        `${client.stream.bytesRead - before} bytes for ${limit}`
      )
    }
    const calls = await commandsOf(raw, async () => {
      await records.idlest({ owner, unusedFor: 10 * MINUTE, limit: 1 })
    })
    t.ok(sum(calls) < 300, JSON.stringify([...calls]))
  })

  t.test(`records that ${whose} has used meanwhile are not found, however idle they seemed`, async (t) => {
    const { backend: { records }, raw, warnings } = await single(t)
    const made: string[] = []
    for (let i = 0; i < 100; i++) made.push(await create(records, { ...own, ...unused(300 - i) }))
    const [removed, foreign, vanished] = made as [string, string, string]
    await records.remove(removed)
    for (const key of [foreign, vanished]) await raw.del(keys.record(key))
    await raw.set(keys.record(foreign), 'a string')
    await Promise.all(made.slice(3, 90).map(async (key) => await records.touch(key, 1)))
    const found = new Set<string>()
    for (let calls = 0; calls < 10; calls++) {
      for (const { key } of await records.idlest({ owner, unusedFor: MINUTE, limit: 4 })) found.add(key)
    }
    t.strictSame([...found], made.slice(90, 94))
    t.equal(await raw.get(keys.record(foreign)), 'a string', 'kept')
    t.strictSame(warnings, [])
  })
}

t.test('when an owner has used all records meanwhile, one call looks at a bounded number of them', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const made = await Promise.all(Array.from({ length: 400 }, async (_, i) => await create(records, {
    subject: 'owner', ...unused(500 - i)
  })))
  await Promise.all(made.map(async (key) => await records.touch(key, 1)))
  const { owner } = draft({ subject: 'owner' })
  const calls = await commandsOf(raw, async () => {
    t.strictSame(await records.idlest({ owner, unusedFor: MINUTE, limit: 1 }), [])
  })
  t.ok((calls.get('hmget') ?? 0) <= 256, JSON.stringify([...calls]))
})

t.test('a foreign entry is skipped', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const key = await create(records, unused(5))
  await raw.zadd(keys.nobody(shardOf(key)), 1, 'no entry at all', 2, `${key}|another`)
  t.strictSame((await records.idlest({ owner: '', unusedFor: MINUTE, limit: 5 })).map((record) => record.key), [key])
})
