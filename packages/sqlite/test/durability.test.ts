import { type FileHandle, open as openFile } from 'node:fs/promises'
import { renameSync, rmSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { Connection } from '../dist/connection.js'
import { Durability } from '../dist/durability.js'
import { sqlite } from '../dist/index.js'
import { readOptions } from '../dist/options.js'
import { create, open, place } from './fixtures/given.js'

type Sync = FileHandle['datasync']

/** What all handles of files inherit from. */
async function prototypeOf (): Promise<{ datasync: Sync }> {
  const handle = await openFile('/dev/null')
  await handle.close()
  return Object.getPrototypeOf(handle) as { datasync: Sync }
}

/** Puts something in the place of the sync, until the end of the test. */
async function replaceSync (t: Test, replacement: (real: Sync) => Sync): Promise<void> {
  const prototype = await prototypeOf()
  const { datasync } = prototype
  t.teardown(() => { prototype.datasync = datasync })
  prototype.datasync = replacement(datasync)
}

t.test('an answer waits until the disk has confirmed, and many answers share a sync', async (t) => {
  let syncs = 0
  let confirmed = 0
  await replaceSync(t, (real) => async function (this: FileHandle) {
    syncs++
    await real.call(this)
    confirmed++
  })
  const backend = open(t, { path: place(t).path })
  const key = await create(backend)
  t.ok(confirmed > 0)
  const before = syncs
  await Promise.all(Array.from({ length: 256 }, async () => await create(backend)))
  t.ok(syncs - before <= 50, `${syncs - before} syncs for 256 writes`)
  const quiet = syncs
  await backend.records.touch(key, 1)
  await backend.presence.announce('replica', 1000)
  t.equal(syncs, quiet, 'not for a use, nor for a heartbeat')
})

t.test("with durability 'process' nothing waits for the disk", async (t) => {
  await replaceSync(t, () => async () => { t.fail('a sync') })
  const backend = open(t, { path: place(t).path, durability: 'process' })
  await create(backend)
})

t.test('when the disk does not confirm, nothing is acknowledged until all is written anew', async (t) => {
  let failing = false
  await replaceSync(t, (real) => async function (this: FileHandle) {
    if (failing) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
    await real.call(this)
  })
  const { path } = place(t)
  const backend = open(t, { path })
  const key = await create(backend)
  failing = true
  const results = await Promise.allSettled([
    create(backend), backend.records.replace(key, 1, Buffer.from('b')), create(backend)
  ])
  for (const result of results) t.match(result, { status: 'rejected', reason: { code: 'SQLITE_UNSYNCED' } })
  failing = false
  await t.rejects(create(backend), { code: 'SQLITE_UNSYNCED' }, 'a sync that succeeds now says nothing')
  t.strictSame(backend.status?.(), { breaker: 'open' })
  for (let healed = false; !healed;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    healed = backend.status?.().breaker === 'closed'
  }
  await create(backend)
  t.ok([1, 2].includes((await backend.records.read(key))?.version as number), 'the write may or may not have lasted')
})

t.test('closing does not wait for a disk that does not confirm', async (t) => {
  await replaceSync(t, () => async () => { throw new Error('EIO') })
  const backend = sqlite({ path: place(t).path, onWarning: () => {} })
  await t.rejects(create(backend), { code: 'SQLITE_UNSYNCED' })
  await backend.close()
})

t.test('a -wal file that is deleted or replaced while it is in use stops all writes', async (t) => {
  for (const damage of [(wal: string) => { rmSync(wal) }, (wal: string) => {
    execFileSync('cp', [wal, `${wal}2`])
    renameSync(`${wal}2`, wal)
  }]) {
    const { path } = place(t)
    const backend = sqlite({ path, onWarning: () => {} })
    const key = await create(backend)
    damage(`${path}-wal`)
    await t.rejects(create(backend), { code: 'SQLITE_REPLACED' })
    await t.rejects(backend.records.read(key), { code: 'SQLITE_REPLACED' })
    t.strictSame(backend.status?.(), { breaker: 'open' })
    await backend.close()
  }
})

t.test('a disk that does not answer holds up nobody for ever', async (t) => {
  let answer = (): void => {}
  await replaceSync(t, () => async () => { await new Promise<void>((resolve) => { answer = resolve }) })
  const { path } = place(t)
  const connection = new Connection(readOptions({ path }))
  connection.open()
  const failures: Error[] = []
  const durability = new Durability(connection, true, (error) => { failures.push(error) }, 20)
  await Promise.all([durability.confirm(), durability.confirm()].map(async (waiting) => {
    await t.rejects(waiting, { code: 'SQLITE_UNSYNCED' })
  }))
  t.ok(failures.length >= 1)
  await durability.close()
  answer()
  connection.close()
})
