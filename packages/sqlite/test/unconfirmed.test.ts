import { type FileHandle, open } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import type { Connection } from '../dist/connection.js'
import { Durability } from '../dist/durability.js'
import { makeFolder } from './fixtures/folder.js'

t.test('after a failed sync nothing counts as confirmed until the disk has everything', async (t) => {
  const { path, remove } = makeFolder()
  t.teardown(remove)
  for (const file of [path, `${path}-wal`]) writeFileSync(file, '')
  const probe = await open(path)
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  const { datasync } = prototype
  t.teardown(() => { prototype.datasync = datasync })
  let [failures, syncs] = [0, 0]
  const connection = { path, broken: false, isInPlace: async () => true }
  const durability = new Durability(connection as unknown as Connection, true, () => {
    failures++
    connection.broken = true
  })
  const [first, held] = [deferred(), deferred()]
  prototype.datasync = async function () {
    if (++syncs > 1) return
    first.resolve()
    await held.promise
  }

  const one = durability.confirm()
  await first.promise
  // This write follows the first one in the -wal file, and waits for the next sync, which would succeed.
  const two = durability.confirm()
  held.reject(new Error('EIO'))
  await t.rejects(one, { code: 'SQLITE_UNSYNCED' })
  await t.rejects(two, { code: 'SQLITE_UNSYNCED' })
  await t.rejects(durability.confirm(), { code: 'SQLITE_UNSYNCED' })
  t.strictSame([failures, syncs], [1, 1])
  connection.broken = false
  await durability.confirm()
  t.equal(syncs, 2)
  await durability.close()
})

t.test('a -wal file that could not be opened is opened by a later call', async (t) => {
  const { path, remove } = makeFolder()
  t.teardown(remove)
  const durability = new Durability({ path, isInPlace: async () => true } as unknown as Connection, true, () => {})
  await t.rejects(durability.confirm(), { code: 'SQLITE_UNSYNCED' })
  for (const file of [path, `${path}-wal`]) writeFileSync(file, '')
  await durability.confirm()
  await durability.close()
})

function deferred (): { promise: Promise<void>, resolve: () => void, reject: (error: Error) => void } {
  let [resolve, reject] = [(): void => {}, (_: Error): void => {}]
  const promise = new Promise<void>((...both) => { [resolve, reject] = both })
  return { promise, resolve, reject }
}
