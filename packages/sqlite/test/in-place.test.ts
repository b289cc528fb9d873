import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Connection } from '../dist/connection.js'
import { findDriver } from '../dist/driver.js'
import { FileIdentity } from '../dist/file-identity.js'
import { sqlite } from '../dist/index.js'
import { readOptions } from '../dist/options.js'
import { create, place } from './fixtures/given.js'

/** A connection that looks around all the time, and what it warns of. */
function watching (t: Test, path: string): { connection: Connection, warned: Promise<Error> } {
  let warn = (_: Error): void => {}
  const warned = new Promise<Error>((resolve) => { warn = resolve })
  const connection = new Connection(readOptions({ path, onWarning: (warning) => { warn(warning) } }), 1)
  connection.open()
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => {
    clearInterval(alive)
    connection.close()
  })
  return { connection, warned }
}

async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('a file that was replaced is noticed without a sync, too', async (t) => {
  const { path } = place(t)
  const { connection } = watching(t, path)
  renameSync(path, `${path}-away`)
  await until(() => connection.broken)
  t.throws(() => connection.open(), { code: 'SQLITE_REPLACED' })
})

t.test('a marker that another process removed comes back, and one that cannot is reported', async (t) => {
  const { path } = place(t)
  const { connection } = watching(t, path)
  rmSync(`${path}-open`)
  await until(() => existsSync(`${path}-open`))
  connection.close()
  t.notOk(existsSync(`${path}-open`))
  const again = watching(t, path)
  rmSync(`${path}-open`)
  // A name that stands for nothing: it does not exist, and cannot be written.
  symlinkSync(`${path}/nowhere`, `${path}-open`)
  t.match(await again.warned, { code: 'SQLITE_IO' })
  rmSync(`${path}-open`)
})

t.test('an identity knows a file that has gone', async (t) => {
  const { path } = place(t)
  const backend = sqlite({ path })
  await create(backend)
  const identity = new FileIdentity(path)
  t.equal(await identity.isSame(), true)
  await backend.close()
  rmSync(path)
  t.equal(await identity.isSame(), false)
  const { folder } = place(t)
  writeFileSync(join(folder, 'a.db'), '')
  writeFileSync(join(folder, 'a.db-wal'), '')
  const other = new FileIdentity(join(folder, 'a.db'))
  rmSync(join(folder, 'a.db'))
  symlinkSync(join(folder, 'a.db'), join(folder, 'a.db'))
  await t.rejects(other.isSame(), { code: 'ELOOP' }, 'what cannot be looked at may be the same')
})

t.test('a process that closes leaves the marker to those that still use the file', async (t) => {
  const { path } = place(t)
  const [one, other] = [sqlite({ path }), sqlite({ path })]
  await create(one)
  const reader = new (findDriver().DatabaseSync)(path, { readOnly: true })
  reader.exec('BEGIN; SELECT * FROM counts')
  await create(other)
  await one.close()
  t.equal(existsSync(`${path}-open`), true)
  reader.exec('COMMIT')
  reader.close()
  await other.close()
  t.equal(existsSync(`${path}-open`), false)
})

t.test('a later attempt to open blocks the process for no time', async (t) => {
  const { path } = place(t)
  mkdirSync(`${path}-open`)
  const connection = new Connection(readOptions({ path, onWarning: () => {} }))
  t.throws(() => connection.open(), { code: 'SQLITE_IO' })
  rmSync(`${path}-open`, { recursive: true })
  const other = new (findDriver().DatabaseSync)(path)
  other.exec('PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE')
  await new Promise((resolve) => setTimeout(resolve, 1001))
  const before = performance.now()
  t.throws(() => connection.open(), { code: 'SQLITE_BUSY' })
  t.ok(performance.now() - before < 1000)
  other.exec('ROLLBACK')
  other.close()
  connection.close()
})
