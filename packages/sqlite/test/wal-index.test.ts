import t from 'tap'
import { findDriver } from '../dist/driver.js'
import { WalIndex } from '../dist/wal-index.js'
import { execute } from './fixtures/execute.js'
import { UNLIMITED, create, draft, open, place } from './fixtures/given.js'
import { OtherProcess } from './fixtures/remote.js'

t.test('a commit of any connection changes the head, and nothing else does', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path })
  await create(backend)
  const index = WalIndex.open(path)
  t.equal(index?.changed(), true, 'the first look')
  t.equal(index?.changed(), true, 'nobody has asked SQLite since')
  index?.asked()
  t.equal(index?.changed(), false)
  const other = new OtherProcess()
  t.teardown(async () => { await other.end() })
  const { backend: theirs } = await other.open({ path })
  const record = draft()
  await theirs.records.create(record, UNLIMITED)
  t.equal(index?.changed(), true)
  index?.asked()
  t.equal(index?.changed(), false)
  await theirs.records.read(record.key)
  t.equal(index?.changed(), false, 'after a read')
  execute(path, 'PRAGMA user_version')
  t.equal(index?.changed(), false)
  index?.close()
})

t.test('a use of a record asks SQLite only after somebody wrote', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, touchDelay: '1h' })
  const key = await create(backend, { idle: 48 * 3_600_000 })
  const { Connection } = await import('../dist/connection.js')
  const { get } = Connection.prototype
  let asked = 0
  t.teardown(() => { Connection.prototype.get = get })
  Connection.prototype.get = function <Row> (sql: string, ...parameters: never[]) {
    asked++
    return get.call(this, sql, ...parameters) as Row | undefined
  }
  for (let n = 0; n < 10; n++) t.equal(await backend.records.touch(key, 1), 'current')
  t.equal(asked, 1, 'once after the creation')
  execute(path, `UPDATE records SET version = 2 WHERE key = '${key}'`)
  t.equal((await backend.records.touch(key, 1) as { version: number }).version, 2)
})

t.test('what SQLite could not tell is asked again', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, touchDelay: '1h' })
  const key = await create(backend, { idle: 48 * 3_600_000 })
  t.equal(await backend.records.touch(key, 1), 'current')
  execute(path, `UPDATE records SET version = 2 WHERE key = '${key}'`)
  const { Connection } = await import('../dist/connection.js')
  const { get } = Connection.prototype
  t.teardown(() => { Connection.prototype.get = get })
  Connection.prototype.get = function () {
    Connection.prototype.get = get
    throw Object.assign(new Error('database is locked'), { errcode: 5 })
  }
  t.equal((await backend.records.touch(key, 1) as { version: number }).version, 2)
})

t.test('a backend that closes leaves the locks of other connections of this process as they are', async (t) => {
  const { path } = place(t)
  const closing = open(t, { path })
  const key = await create(closing)
  const other = new OtherProcess()
  t.teardown(async () => { await other.end() })
  const { backend: theirs } = await other.open({ path })
  t.equal(await theirs.records.touch(key, 1), 'current')
  const writing = new (findDriver().DatabaseSync)(path)
  writing.exec('BEGIN IMMEDIATE; UPDATE records SET version = 2')
  await closing.close()
  const replaced = theirs.records.replace(key, 1, Buffer.from('theirs'))
  for (let n = 0; n < 5; n++) t.equal((await theirs.records.read(key))?.version, 1)
  writing.exec('COMMIT')
  t.equal(await replaced, 'conflict', 'it waited')
  writing.close()
})
