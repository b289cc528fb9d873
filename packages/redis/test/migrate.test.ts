import t from 'tap'
import { type Backend, type MigrationStopped, migrate } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { redis } from '../dist/index.js'
import { bytes, create, text } from './fixtures/given.js'
import { single } from './fixtures/single.js'

/** All that a backend holds, comparably. */
async function held ({ records, events }: Backend) {
  const found = []
  let cursor: string | undefined
  do {
    const page = await records.list({ limit: 100, ...(cursor !== undefined && { cursor }) })
    for (const record of page.records) {
      const streams = (await events.streams([record.key])).toSorted((a, b) => a.name < b.name ? -1 : 1)
      found.push({
        ...record,
        body: text(record.body),
        streams: streams.map(({ head, entries, ...stream }) => ({
          ...stream, head: text(head), entries: entries.map(text)
        }))
      })
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return found.sort((a, b) => a.key < b.key ? -1 : 1)
}

async function furnish (backend: Backend, amount: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: amount }, async (_, i) => {
    const origin = { createdAt: Date.now() - 9_000_000, usedAt: Date.now() - 1000 * i, version: 1 + i }
    const key = await create(backend.records, {
      ...(i % 2 === 0 && { subject: `owner ${i % 10}` }),
      idle: 1_000_000 + i,
      absolute: 10_000_000 + i,
      body: bytes(`body ${i}`),
      origin
    })
    if (i % 3 > 0) return key
    await backend.events.append({ key, name: 'open' }, [bytes('a'), bytes('b')], { head: bytes('head') })
    await backend.events.delivered({ key, name: 'open' }, 1)
    await backend.events.append({ key, name: 'ended' }, [bytes(`${i}`)], { end: true })
    return key
  }))
}

t.test('from memory to Redis, to another Redis and back to memory, and nothing is lost or changed', async (t) => {
  const [one, two] = [await single(t), await single(t, { prefix: 'other:' })]
  const [first, last] = [memory(), memory()]
  const [ended, ...keys] = await furnish(first, 250)
  await first.records.remove(ended as string)
  const before = await held(first)
  t.equal(before.length, 249)
  for (const [from, to] of [[first, one.backend], [one.backend, two.backend], [two.backend, last]] as const) {
    t.match(await migrate(from, to), { copied: 249, updated: 0, skipped: 0, ended: 0, failed: [] })
    t.strictSame(await held(to), before)
    t.match(await migrate(from, to), { copied: 0, updated: 0, skipped: 249 })
  }
  const key = keys[0] as string
  t.equal(await one.backend.records.replace(key, 2, bytes('changed')), 3)
  await one.backend.records.remove(keys[1] as string)
  t.match(await migrate(one.backend, two.backend), { copied: 0, updated: 1, skipped: 247, ended: 1 })
  t.match(await migrate(one.backend, two.backend, { deleteAfterMigration: true }), {
    skipped: 248, deleted: 248, ended: 0
  })
  t.strictSame(await one.raw.keys('holdfast:*[oear]*:*'), await one.raw.keys('*:t:*'), 'one tombstone is left')
  t.match(await migrate(one.backend, two.backend), { ended: 0 })
  t.equal(await two.backend.records.count(), 248)
})

t.test('one Redis is not its own target, but has room for two applications', async (t) => {
  const { server, backend } = await single(t)
  const key = await create(backend.records)
  const [same, other] = [
    redis({ url: server.url, onWarning: () => {} }), redis({ url: server.url, prefix: 'other:', onWarning: () => {} })
  ]
  t.teardown(async () => { await Promise.all([same.close(), other.close()]) })
  await t.rejects(migrate(backend, same, { deleteAfterMigration: true }), { name: 'InvalidOptionError', path: 'to' })
  t.ok(await backend.records.read(key))
  t.match(await migrate(backend, other), { copied: 1 })
})

t.test('a Redis that fills up stops it, and the rest comes when there is room', async (t) => {
  const { backend, raw } = await single(t, {}, ['--maxmemory-policy', 'noeviction'])
  const from = memory()
  for (let i = 0; i < 300; i++) await create(from.records, { body: new Uint8Array(10_000) })
  const used = Number(/used_memory:(\d+)/.exec(await raw.info('memory'))?.[1])
  await raw.config('SET', 'maxmemory', used + 1_500_000)
  const error = await migrate(from, backend).catch((error: unknown) => error) as MigrationStopped
  t.match(error, { code: 'HOLDFAST_MIGRATION_STOPPED', cause: { code: 'HOLDFAST_BACKEND_FULL' } })
  const { copied } = error.report
  t.ok(copied > 0 && copied < 300)
  await raw.config('SET', 'maxmemory', 0)
  t.match(await migrate(from, backend), { copied: 300 - copied, skipped: copied })
  t.strictSame(await held(backend), await held(from))
})
