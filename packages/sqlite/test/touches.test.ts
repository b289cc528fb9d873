import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { execute } from './fixtures/execute.js'
import { HOUR, UNLIMITED, create, draft, open, place } from './fixtures/given.js'

t.test('a use is written behind, and closing writes it', async (t) => {
  const { path } = place(t)
  let now = 1_700_000_000_000
  const backend = open(t, { path, now: () => now, touchDelay: '1h' })
  const other = open(t, { path, now: () => now })
  const key = await create(backend, { idle: 24 * HOUR })
  const before = (await other.records.read(key))?.usedAt
  now += HOUR
  t.equal(await backend.records.touch(key, 1), 'current')
  t.equal((await backend.records.read(key))?.usedAt, now)
  t.strictSame(await backend.records.idlest({ owner: '', unusedFor: 1, limit: 5 }), [], 'this process knows it')
  t.equal((await other.records.read(key))?.usedAt, before, 'not yet written')
  await backend.close()
  t.equal((await other.records.read(key))?.usedAt, now)
})

t.test('a use is written after the delay', async (t) => {
  const { path } = place(t)
  const [backend, other] = [open(t, { path, touchDelay: '20ms' }), open(t, { path })]
  const keys = await Promise.all(Array.from({ length: 120 }, async () => await create(backend)))
  const before = (await other.records.read(keys[0] as string))?.usedAt as number
  for (let written = false; !written;) {
    for (const key of keys) await backend.records.touch(key, 1)
    const uses = await Promise.all(keys.map(async (key) => (await other.records.read(key))?.usedAt as number))
    written = uses.every((use) => use > before)
    await turn()
  }
})

t.test('a session that is in use looks expired to no other process', async (t) => {
  const { path } = place(t)
  let now = 1_700_000_000_000
  const [backend, other] = [open(t, { path, now: () => now }), open(t, { path, now: () => now })]
  const key = await create(backend, { idle: 60_000 })
  for (let i = 0; i < 50; i++) {
    now += 7000
    t.equal(await backend.records.touch(key, 1), 'current')
    t.ok(await other.records.read(key))
    t.strictSame((await other.records.claimExpired(10)).records, [])
  }
  now += 60_001
  t.equal(await other.records.read(key), undefined)
})

t.test('a use that nothing can extend is written behind all the same', async (t) => {
  let now = 1_700_000_000_000
  const backend = open(t, { path: place(t).path, now: () => now })
  const key = await create(backend, { idle: HOUR, absolute: 2000 })
  now += 1000
  t.equal(await backend.records.touch(key, 1), 'current')
  now += 1000
  t.equal(await backend.records.touch(key, 1), undefined)
})

t.test('the use of a record that was removed meanwhile revives nothing', async (t) => {
  const { path } = place(t)
  const [backend, other] = [open(t, { path }), open(t, { path })]
  const key = await create(backend)
  await backend.records.touch(key, 1)
  await other.records.remove(key)
  await backend.close()
  t.equal(await other.records.read(key), undefined)
  t.equal(await other.records.create(draft({ key }), UNLIMITED), 'exists', 'its tombstone is there')
})

t.test('a use that has to be written at once, of a record that is removed in the same turn', async (t) => {
  let now = 1_700_000_000_000
  const backend = open(t, { path: place(t).path, now: () => now })
  const key = await create(backend, { idle: 60_000 })
  now += 58_000
  const [removed, touched] = await Promise.all([backend.records.remove(key), backend.records.touch(key, 1)])
  t.ok(removed)
  t.equal(touched, 'current', 'it was there when the touch came')
  t.equal(await backend.records.read(key), undefined)
})

t.test('a fraction of a second of wall clock changes nothing for a process that was stopped', async (t) => {
  const { path } = place(t)
  let now = 1_700_000_000_000
  let late = now
  const [frozen, other] = [open(t, { path, now: () => late }), open(t, { path, now: () => now })]
  const key = await create(frozen, { idle: 60_000 })
  await frozen.records.touch(key, 1)
  now += 120_000
  t.strictSame((await other.records.claimExpired(10)).records.map((record) => record.key), [key])
  t.equal(await frozen.records.touch(key, 1), undefined, 'it was claimed')
  late = now
  t.strictSame((await frozen.records.claimExpired(10)).records, [])
})

t.test('a use that could not be written is tried again, also when no further one comes', async (t) => {
  const { path } = place(t)
  const warnings: Error[] = []
  const backend = open(t, { path, touchDelay: '5ms', onWarning: (warning) => { warnings.push(warning) } })
  const other = open(t, { path })
  const key = await create(backend)
  const before = (await other.records.read(key))?.usedAt as number
  execute(path, "CREATE TRIGGER refuse BEFORE UPDATE OF used ON records BEGIN SELECT raise(ABORT, 'no'); END")
  while (warnings.length === 0) {
    await backend.records.touch(key, 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  t.match(warnings, [{ code: 'SQLITE_FAILED' }])
  execute(path, 'DROP TRIGGER refuse')
  for (let use = before; use === before;) {
    use = (await other.records.read(key))?.usedAt as number
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
})
