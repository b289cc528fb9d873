import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Backend } from '@holdfast/core'
import { findDriver } from '../dist/driver.js'
import { sqlite } from '../dist/index.js'
import { HOUR, create, open, place } from './fixtures/given.js'

/** Sends SQL to a file that no backend has open. */
function change (path: string, sql: string): void {
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec(sql)
  handle.close()
}

/** A closed file with some sessions. */
async function file (t: Test, amount = 300): Promise<{ path: string, keys: string[] }> {
  const { path } = place(t)
  const backend = sqlite({ path })
  const keys = await Promise.all(Array.from({ length: amount }, async () =>
    await create(backend, { owner: 'owner', body: Buffer.alloc(1000, 7) })))
  await backend.close()
  return { path, keys }
}

/** Reads every session: each must be there, or its answer an outage. */
async function assertNoneMissing (t: Test, backend: Backend, keys: string[]): Promise<number> {
  let outages = 0
  for (const key of keys) {
    const read = await backend.records.read(key).catch((error: { name: string }) => error.name)
    if (read === 'SqliteError') outages++
    else if (read === undefined) t.fail('a session is unknown')
  }
  return outages
}

t.test('a body that the disk has changed is an outage for its session only', async (t) => {
  const { path, keys } = await file(t, 3)
  const [damaged, whole] = keys as [string, string]
  change(path, `UPDATE records SET body = zeroblob(1000) WHERE key = '${damaged}'`)
  const warnings: Error[] = []
  const backend = open(t, { path, onWarning: (warning) => { warnings.push(warning) } })
  await t.rejects(backend.records.read(damaged), { code: 'SQLITE_DAMAGED_BODY' })
  await t.rejects(backend.records.touch(damaged, 0), { code: 'SQLITE_DAMAGED_BODY' })
  t.equal(await backend.records.touch(damaged, 1), 'current', 'nothing was read')
  t.ok(await backend.records.read(whole))
  t.equal((await backend.records.list({ limit: 10 })).records.length, 2)
  t.match(warnings, [{ code: 'SQLITE_DAMAGED_BODY' }])
  t.equal((await backend.records.listHeads({ limit: 10 })).heads.length, 3)
  t.ok(await backend.records.remove(damaged), 'it can be removed')
  t.equal(await backend.records.read(damaged), undefined)
})

t.test('a sweep leaves a damaged record, and takes the others', async (t) => {
  let now = 1_700_000_000_000
  const { path } = place(t)
  const options = { path, now: () => now, onWarning: () => {} }
  const backend = sqlite(options)
  const [damaged, whole] = [await create(backend), await create(backend)]
  await backend.close()
  change(path, `UPDATE records SET body = x'00' WHERE key = '${damaged}'`)
  now += 2 * HOUR
  const again = open(t, options)
  t.strictSame((await again.records.claimExpired(10)).records.map(({ key }) => key), [whole])
  t.strictSame(await again.records.claimExpired(10), { records: [], more: false })
  t.equal(await again.records.count(), 1, 'it is kept')
})

t.test('a damaged event is an outage', async (t) => {
  const { path } = place(t)
  const backend = sqlite({ path })
  const key = await create(backend)
  await backend.events.append({ key, name: 'a' }, [Buffer.from('one')])
  await backend.close()
  change(path, "UPDATE events SET body = x'00'")
  await t.rejects(open(t, { path }).events.readAfter({ key, name: 'a' }, 0, 5), { code: 'SQLITE_DAMAGED_BODY' })
})

t.test('a damaged event stops no export: it and the events before it count as dropped', async (t) => {
  const { path } = place(t)
  const backend = sqlite({ path })
  const key = await create(backend)
  const texts = ['one', 'two', 'three']
  for (const name of ['a', 'b']) await backend.events.append({ key, name }, texts.map((text) => Buffer.from(text)))
  await backend.close()
  change(path, "UPDATE events SET body = x'00' WHERE stream = 1 AND position = 2")
  const warnings: Error[] = []
  const again = open(t, { path, onWarning: (warning) => { warnings.push(warning) } })
  const streams = await again.events.streams([key])
  const textsOf = (entries: readonly Uint8Array[]): string[] => entries.map((entry) => Buffer.from(entry).toString())
  t.match(streams.map(({ name, floor, entries }) => [name, floor, textsOf(entries)]), [
    ['a', 2, ['three']], ['b', 0, texts]
  ])
  t.match(warnings, [{ code: 'SQLITE_DAMAGED_BODY' }])
})

t.test('damage to the structure is an outage, never an unknown session, and nothing is made anew', async (t) => {
  const { path, keys } = await file(t)
  const size = readFileSync(path).length
  const damages: Record<string, (path: string) => void> = {
    truncated: (path) => { truncateSync(path, Math.floor(size / 2)) },
    'header overwritten': (path) => { overwrite(path, 0, 100) },
    'first page inverted': (path) => { invert(path, 0) }
  }
  for (let page = 1; page < size / 4096; page += 7) damages[`page ${page} inverted`] = (path) => { invert(path, page) }
  let outages = 0
  for (const [name, damage] of Object.entries(damages)) {
    const copy = join(path, '..', 'copy.db')
    for (const end of ['', '-wal', '-shm', '-open']) rmSync(copy + end, { force: true })
    copyFileSync(path, copy)
    damage(copy)
    const length = readFileSync(copy).length
    const backend = sqlite({ path: copy, onWarning: () => {} })
    outages += await assertNoneMissing(t, backend, keys)
    await backend.close()
    t.ok(readFileSync(copy).length >= length, `${name}: the file is kept`)
  }
  t.ok(outages > 0, 'the damage is seen')
})

t.test('a -wal file that somebody deleted after a crash is an outage', async (t) => {
  const { path } = place(t)
  const crashed = sqlite({ path })
  const key = await create(crashed)
  const copy = join(path, '..', 'crashed.db')
  for (const end of ['', '-wal', '-open']) copyFileSync(path + end, copy + end)
  await crashed.close()
  t.notOk(existsSync(`${path}-open`), 'closing removes the marker')
  const whole = open(t, { path: copy })
  t.ok(await whole.records.read(key), 'with it, nothing is lost')
  await whole.close()
  writeFileSync(`${copy}-open`, '')
  rmSync(`${copy}-wal`, { force: true })
  const backend = sqlite({ path: copy, onWarning: () => {} })
  await t.rejects(backend.records.read(key), { code: 'SQLITE_WAL_MISSING' })
  await backend.close()
})

function overwrite (path: string, from: number, length: number): void {
  const content = readFileSync(path)
  content.fill(0xa5, from, from + length)
  writeFileSync(path, content)
}

function invert (path: string, page: number): void {
  const content = readFileSync(path)
  for (let i = page * 4096; i < Math.min(content.length, (page + 1) * 4096); i++) content[i] = ~(content[i] as number)
  writeFileSync(path, content)
}
