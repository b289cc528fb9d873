import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chooseDriver, findDriver } from '../dist/driver.js'
import { fileSystemOf, isExposed, preparePlace } from '../dist/place.js'
import { sqlite } from '../dist/index.js'
import { create, place } from './fixtures/given.js'

/** Writes a database of another application, or of another time. */
function database (path: string, sql: string): void {
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec(sql)
  handle.close()
}

t.test('a folder that others may read is refused', async (t) => {
  const { folder, path } = place(t)
  for (const mode of [0o755, 0o750, 0o701]) {
    chmodSync(folder, mode)
    t.throws(() => sqlite({ path }), { name: 'SqliteError', code: 'SQLITE_EXPOSED' })
  }
})

t.test('a symbolic link, and what is no file, is refused', async (t) => {
  const { folder, path } = place(t)
  symlinkSync(join(folder, 'elsewhere.db'), path)
  t.throws(() => sqlite({ path }), { code: 'SQLITE_PATH' })
  mkdirSync(join(folder, 'folder'))
  t.throws(() => sqlite({ path: join(folder, 'folder') }), { code: 'SQLITE_PATH' })
})

t.test('a network file system is refused, as far as the system tells', async (t) => {
  const { path } = place(t)
  for (const type of [0x6969, 0xff534d42, 0x65735546, 0x01021997]) {
    t.throws(() => preparePlace(path, () => type), { code: 'SQLITE_NETWORK' })
  }
  t.doesNotThrow(() => preparePlace(path, () => 0xef53), 'ext4 is not')
})

t.test('the database of another application is refused, and stays as it is', async (t) => {
  const { folder } = place(t)
  const others = { marked: 'PRAGMA application_id = 77', 'not marked': 'CREATE TABLE mine (a)' }
  for (const [name, sql] of Object.entries(others)) {
    const path = join(folder, `${name}.db`)
    database(path, `${sql}; CREATE TABLE theirs (a)`)
    const before = readFileSync(path)
    t.throws(() => sqlite({ path }), { code: 'SQLITE_FOREIGN' }, name)
    t.ok(readFileSync(path).equals(before))
  }
})

t.test('a file of a newer release is refused', async (t) => {
  const { path } = place(t)
  await sqlite({ path }).close()
  database(path, 'PRAGMA user_version = 99')
  t.throws(() => sqlite({ path }), { code: 'SQLITE_NEWER' })
})

t.test('a file that is no database rejects calls, and stays as it is', async (t) => {
  const { path } = place(t)
  const content = Buffer.from('This is a letter, not a database. '.repeat(300))
  writeFileSync(path, content)
  const warnings: Error[] = []
  const backend = sqlite({ path, onWarning: (warning) => { warnings.push(warning) } })
  t.match(warnings, [{ code: 'SQLITE_DAMAGED' }])
  t.strictSame(backend.status?.(), { breaker: 'open' })
  await t.rejects(backend.records.read('a.b'), { code: 'SQLITE_DAMAGED' })
  await t.rejects(create(backend), { code: 'SQLITE_DAMAGED' })
  await backend.close()
  t.ok(readFileSync(path).equals(content))
})

t.test('a file that can be opened later is opened later', async (t) => {
  const { path } = place(t)
  writeFileSync(path, 'no database at all'.repeat(100))
  const backend = sqlite({ path, onWarning: () => {} })
  t.teardown(async () => { await backend.close() })
  writeFileSync(path, '')
  await t.rejects(backend.ping(), { code: 'SQLITE_DAMAGED' }, 'it was looked at a moment ago')
  for (let open = false; !open;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    open = await backend.ping().then(() => true, () => false)
  }
  await create(backend)
  t.strictSame(backend.status?.(), { breaker: 'closed' })
})

t.test('an SQLite that is too old is refused, the next one may do', async (t) => {
  const withVersion = (version: string) => class {
    exec (): void {}
    close (): void {}
    prepare () { return { get: () => ({ version }), all: () => [], run: () => ({ changes: 0, lastInsertRowid: 0 }) } }
  }
  const driver = (version: string) => ({ DatabaseSync: withVersion(version) })
  const [old, young] = [driver('3.51.2'), driver('3.51.3')]
  t.equal(chooseDriver([() => old, () => { throw new Error('not installed') }, () => young]), young)
  for (const version of ['3.52.0', '4.0.0', '3.51.10']) t.ok(chooseDriver([() => driver(version)]), version)
  for (const version of ['3.51.2', '3.50.9', '2.99.99', '3.51']) {
    t.throws(() => chooseDriver([() => undefined, () => driver(version)]), { code: 'SQLITE_ENGINE' }, version)
  }
})

t.test('on Windows, a UNC path is a network, and modes say nothing', async (t) => {
  const { folder } = place(t)
  chmodSync(folder, 0o755)
  t.equal(isExposed(folder, 'win32'), false)
  t.equal(isExposed(folder, 'darwin'), true)
  t.equal(fileSystemOf('\\\\server\\share', 'win32'), 0x517b)
  for (const platform of ['win32', 'darwin']) t.equal(fileSystemOf('C:\\data', platform), 0)
})

t.test('a file that another process keeps locked is busy', async (t) => {
  const { path } = place(t)
  await sqlite({ path }).close()
  const other = new (findDriver().DatabaseSync)(path)
  other.exec('BEGIN IMMEDIATE')
  const warnings: Error[] = []
  const backend = sqlite({ path, onWarning: (warning) => { warnings.push(warning) } })
  t.match(warnings, [{ code: 'SQLITE_BUSY' }])
  other.exec('ROLLBACK')
  other.close()
  await backend.close()
})
