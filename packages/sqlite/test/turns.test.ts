import t from 'tap'
import { findDriver, type Handle } from '../dist/driver.js'
import { sqlite } from '../dist/index.js'
import { HOUR, create, draft, open, place, UNLIMITED } from './fixtures/given.js'

/** A connection that holds the lock of writers. */
function lock (path: string): Handle {
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec('BEGIN IMMEDIATE')
  return handle
}

t.test('a write waits for another process, without holding up this one', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path })
  await create(backend)
  const other = lock(path)
  let turns = 0
  const counting = setInterval(() => { turns++ }, 1)
  const writing = create(backend)
  setTimeout(() => { other.exec('ROLLBACK') }, 200)
  await writing
  clearInterval(counting)
  t.ok(turns > 10, `the loop turned ${turns} times`)
  other.close()
})

t.test('a write that waits too long rejects, and is not applied later', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path })
  const key = await create(backend)
  const other = lock(path)
  await t.rejects(backend.records.replace(key, 1, Buffer.from('late')), { code: 'SQLITE_BUSY', retryable: true })
  t.equal((await backend.records.read(key))?.version, 1, 'reads go on')
  other.exec('ROLLBACK')
  other.close()
  t.equal(await backend.records.replace(key, 1, Buffer.from('in time')), 2)
})

t.test('a process that was stopped for longer than a write waits tries all the same', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path })
  const key = await create(backend)
  const other = lock(path)
  const writing = backend.records.replace(key, 1, Buffer.from('after the stop'))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2100)
  setTimeout(() => { other.exec('ROLLBACK') }, 20)
  t.equal(await writing, 2)
  other.close()
})

t.test('one write that SQLite refuses fails alone', async (t) => {
  const backend = open(t, { path: place(t).path })
  const key = await create(backend)
  const bad = draft({ body: Buffer.from('x'), owner: { not: 'a value' } as never })
  const results = await Promise.allSettled([
    create(backend), backend.records.create(bad, UNLIMITED), backend.records.replace(key, 1, Buffer.from('b'))
  ])
  t.strictSame(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
  t.match(results[1], { reason: { code: 'SQLITE_FAILED' } })
  t.equal(await backend.records.count(), 2)
})

t.test('many writes at once do not hold up the loop for long', async (t) => {
  const backend = open(t, { path: place(t).path })
  const keys = await Promise.all(Array.from({ length: 3000 }, async () => await create(backend, { owner: 'o' })))
  t.equal((await backend.records.removeOwner('o')).length, keys.length)
  t.equal(await backend.records.count(), 0)
  t.equal((await backend.records.removed(keys)).length, keys.length)
})

t.test('after closing, calls reject', async (t) => {
  const backend = sqlite({ path: place(t).path })
  const key = await create(backend)
  const writing = backend.records.replace(key, 1, Buffer.from('b'))
  await backend.close()
  t.equal(await writing, 2, 'a write under way ends')
  await backend.close()
  for (const call of [async () => await create(backend), async () => await backend.records.read(key), backend.ping]) {
    await t.rejects(call() as Promise<never>, { code: 'SQLITE_CLOSED' })
  }
})

t.test('the oldest tombstones go beyond the bound', async (t) => {
  const backend = open(t, { path: place(t).path, maxTombstones: 2 })
  const keys: string[] = []
  for (const idle of [1000 * HOUR, HOUR, 9 * HOUR]) keys.push(await create(backend, { idle }))
  for (const key of keys) await backend.records.remove(key)
  t.equal((await backend.records.removed(keys)).length, 2)
})
