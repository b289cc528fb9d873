import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Connection } from '../dist/connection.js'
import { findDriver } from '../dist/driver.js'
import { backup, sqlite } from '../dist/index.js'
import { OpenMarker } from '../dist/open-marker.js'
import { readOptions } from '../dist/options.js'
import { makeFolder } from '../dist/place.js'
import { UNLIMITED, create, draft, open, place } from './fixtures/given.js'

const MIB = 2 ** 20

t.test('a file above its bound takes no new content, and all its sessions can be ended', async (t) => {
  const { path } = place(t)
  const large = sqlite({ path, durability: 'process' })
  const keys = await Promise.all(Array.from({ length: 3000 }, async () =>
    await create(large, { body: Buffer.alloc(2000, 1) })))
  await large.close()
  const backend = open(t, { path, maxBytes: MIB, durability: 'process' })
  t.equal(await backend.records.create(draft(), UNLIMITED), 'full')
  const removed = await Promise.all(keys.map(async (key) => await backend.records.remove(key)))
  t.equal(removed.filter((record) => record !== undefined).length, keys.length)
})

t.test('one large session does not take the room that ending others needs', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, maxBytes: 2 * MIB, durability: 'process' })
  const keys: string[] = []
  for (let created = 'created'; created === 'created';) {
    const record = draft({ body: Buffer.alloc(500, 1) })
    created = await backend.records.create(record, UNLIMITED)
    if (created === 'created') keys.push(record.key)
  }
  t.equal(await backend.records.create(draft({ body: Buffer.alloc(MIB, 1) }), UNLIMITED), 'full')
  const large = { key: keys[0] as string, name: 'a' }
  await t.rejects(backend.events.append(large, [Buffer.alloc(MIB, 1)]), { code: 'HOLDFAST_BACKEND_FULL' })
  for (const key of keys) t.ok(await backend.records.remove(key))
})

t.test('many writes of one turn share the room that is left', async (t) => {
  const backend = open(t, { path: place(t).path, maxBytes: 4 * MIB, durability: 'process' })
  const created = await Promise.all(Array.from({ length: 40 }, async () =>
    await backend.records.create(draft({ body: Buffer.alloc(MIB / 4, 1) }), UNLIMITED)))
  const stored = created.filter((result) => result === 'created').length
  t.ok(stored > 5 && stored < 17, `${stored} of 40`)
})

t.test('a lifetime of millions of years can be read again', async (t) => {
  const { path } = place(t)
  const first = sqlite({ path })
  const key = await create(first, { absolute: Number.MAX_SAFE_INTEGER, idle: Number.MAX_SAFE_INTEGER })
  await first.close()
  const backend = open(t, { path })
  t.match(await backend.records.read(key), { key, deadline: Number.MAX_SAFE_INTEGER })
  t.equal((await backend.records.list({ limit: 5 })).records.length, 1)
  t.ok(await backend.records.remove(key))
})

t.test('a folder that cannot be made ends the start, at once', async (t) => {
  const { folder } = place(t)
  symlinkSync(join(folder, 'not mounted'), join(folder, 'volume'))
  await create(open(t, { path: join(folder, 'a/b/c.db') }))
  for (const path of ['/proc/nope/a/s.db', '/etc/passwd/s.db', join(folder, 'volume/s.db')]) {
    t.throws(() => sqlite({ path }), { code: 'SQLITE_FOLDER' }, path)
  }
})

t.test('a backup does not take the name of a file beside the database', async (t) => {
  const { path } = place(t)
  await create(open(t, { path }))
  for (const end of ['-wal', '-shm', '-journal', '-open']) {
    await t.rejects(backup(path, `${path}${end}`), { code: 'SQLITE_TARGET' })
  }
})

t.test('closing reports what the system refuses, without a path, and closes all the same', async (t) => {
  const { path } = place(t)
  const warnings: Error[] = []
  const connection = new Connection(readOptions({ path, onWarning: (warning) => { warnings.push(warning) } }))
  connection.open()
  rmSync(`${path}-open`)
  mkdirSync(`${path}-open`)
  connection.close()
  t.match(warnings, [{ code: 'SQLITE_IO' }])
  t.notMatch(warnings[0]?.message, path)
  t.throws(() => connection.open(), { code: 'SQLITE_CLOSED' })
})

t.test('the end of a process whose file was replaced leaves the new file alone', async (t) => {
  const { path } = place(t)
  const old = sqlite({ path, onWarning: () => {} })
  await create(old)
  for (const end of ['', '-wal', '-shm']) renameSync(`${path}${end}`, `${path}${end}.away`)
  rmSync(`${path}-open`)
  const fresh = open(t, { path })
  const key = await create(fresh)
  await old.close()
  t.ok(existsSync(`${path}-open`))
  t.ok(existsSync(`${path}-wal`))
  t.ok(await fresh.records.read(key))
  await create(fresh)
})

t.test('an open that failed keeps the marker, and forgives itself what it moved', async (t) => {
  const { path } = place(t)
  const first = sqlite({ path })
  const key = await create(first)
  await first.close()
  const other = new (findDriver().DatabaseSync)(path)
  other.exec("BEGIN IMMEDIATE; UPDATE facts SET value = '7' WHERE name = 'checkpoints'; COMMIT; BEGIN IMMEDIATE")
  const connection = new Connection(readOptions({ path, onWarning: () => {} }))
  t.throws(() => connection.open(), { code: 'SQLITE_BUSY' })
  other.exec('ROLLBACK')
  other.close()
  await new Promise((resolve) => setTimeout(resolve, 1001))
  rmSync(`${path}-wal`, { force: true })
  t.doesNotThrow(() => connection.open())
  connection.close()
  t.ok(await open(t, { path }).records.read(key))
})

t.test('a folder that another process makes at the same moment is no failure, a full disk is', async (t) => {
  const { folder } = place(t)
  const made = (code: string) => (path: string): never => {
    if (code === 'EEXIST') mkdirSync(path)
    throw Object.assign(new Error(code), { code })
  }
  t.doesNotThrow(() => { makeFolder(join(folder, 'a'), made('EEXIST') as typeof mkdirSync) })
  t.throws(() => { makeFolder(join(folder, 'b'), made('ENOSPC') as typeof mkdirSync) }, { code: 'ENOSPC' })
})

t.test('a disk that is full while a session begins', async (t) => {
  const backend = open(t, { path: place(t).path })
  await create(backend)
  const { insert } = Connection.prototype
  t.teardown(() => { Connection.prototype.insert = insert })
  Connection.prototype.insert = () => { throw Object.assign(new Error('disk full'), { errcode: 13 }) }
  t.equal(await backend.records.create(draft(), UNLIMITED), 'full')
})

t.test('a transaction that SQLite rolled back by itself', async (t) => {
  const connection = new Connection(readOptions({ path: place(t).path }))
  connection.open()
  t.throws(() => connection.transaction(() => {
    connection.run('ROLLBACK')
    throw Object.assign(new Error('disk full'), { errcode: 13 })
  }), { code: 'HOLDFAST_BACKEND_FULL' })
  t.equal(connection.transaction(() => 1), 1)
  connection.close()
})

t.test('closing does not fail when the disk does', async (t) => {
  const { path } = place(t)
  const first = sqlite({ path })
  const key = await create(first)
  const { run } = Connection.prototype
  t.teardown(() => { Connection.prototype.run = run })
  Connection.prototype.run = function (sql, ...parameters) {
    if (sql.includes('TRUNCATE')) throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
    return run.call(this, sql, ...parameters)
  }
  await first.close()
  Connection.prototype.run = run
  t.ok(await open(t, { path }).records.read(key))
})

t.test('the failure to open is the one that is told', async (t) => {
  const { path } = place(t)
  const other = new (findDriver().DatabaseSync)(path)
  other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE')
  const { without } = OpenMarker.prototype
  t.teardown(() => { OpenMarker.prototype.without = without })
  OpenMarker.prototype.without = function (close) {
    close()
    throw new Error('EIO')
  }
  t.throws(() => new Connection(readOptions({ path })).open(), { code: 'SQLITE_BUSY' })
  other.exec('ROLLBACK')
  other.close()
})
