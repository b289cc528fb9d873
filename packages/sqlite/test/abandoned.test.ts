import t from 'tap'
import type { Backend } from '@holdfast/core'
import { findDriver } from '../dist/driver.js'
import { sqlite } from '../dist/index.js'
import { HOUR, create, open, place } from './fixtures/given.js'

const EVENTS = 500

async function fill (backend: Backend, key: string, streams: number): Promise<void> {
  const entries = Array.from({ length: EVENTS }, () => Buffer.alloc(100, 'e'))
  for (let n = 0; n < streams; n++) await backend.events.append({ key, name: `s${n}` }, entries, { end: true })
}

function count (path: string, table: string): number {
  const handle = new (findDriver().DatabaseSync)(path)
  const { amount } = handle.prepare(`SELECT count(*) AS amount FROM ${table}`).get() as { amount: number }
  handle.close()
  return amount
}

async function untilEmpty (path: string): Promise<void> {
  while (count(path, 'events') + count(path, 'streams') > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

t.test('the events of a removed record go later, a few at a time', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const key = await create(backend)
  await fill(backend, key, 4)
  await backend.records.remove(key)
  t.ok(count(path, 'events') > 0, 'nobody waits for them')
  t.strictSame(await backend.events.streams([key]), [])
  await untilEmpty(path)
})

t.test('the same for records that expired, streams that were dropped, and the oldest of too many', async (t) => {
  const { path } = place(t)
  let now = 1_700_000_000_000
  const backend = open(t, { path, now: () => now, durability: 'process', maxStreams: 2 })
  const keys = [await create(backend), await create(backend)]
  for (const key of keys) await fill(backend, key, 3)
  t.equal((await backend.events.heads(keys)).length, 4, 'two of each')
  await backend.events.drop(keys[0] as string)
  now += HOUR + 1
  t.equal((await backend.records.claimExpired(10)).records.length, 2)
  await untilEmpty(path)
})

t.test('what a killed process left is deleted by the next one', async (t) => {
  const { path } = place(t)
  const first = sqlite({ path, durability: 'process' })
  const key = await create(first)
  await fill(first, key, 1)
  await first.close()
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec('DELETE FROM records')
  handle.close()
  const backend = open(t, { path })
  t.equal(await backend.records.count(), 0)
  await untilEmpty(path)
})

t.test('a failure stops it for a while only', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const key = await create(backend)
  await fill(backend, key, 1)
  const other = new (findDriver().DatabaseSync)(path)
  other.exec("CREATE TRIGGER refuse BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'no'); END")
  await backend.records.remove(key)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(count(path, 'events'), EVENTS)
  other.exec('DROP TRIGGER refuse')
  other.close()
  await untilEmpty(path)
})
