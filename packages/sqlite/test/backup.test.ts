import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { count, open } from '@holdfast/clients/by-hand'
import { HoldfastError } from '@holdfast/core'
import { generateKey } from '@holdfast/fastify'
import { ofTarget, reason } from '../dist/backup.js'
import { findDriver } from '../dist/driver.js'
import { backup, examineFile, sqlite } from '../dist/index.js'
import { giveName } from '../dist/new-file.js'
import { countingApp } from './fixtures/counting-app.js'
import { makeFolder } from './fixtures/folder.js'
import { create } from './fixtures/given.js'
import { OtherProcess } from './fixtures/remote.js'

const run = promisify(execFile)

function folders (t: Test): { path: string, folder: string, restored: string } {
  const [one, two] = [makeFolder(), makeFolder()]
  t.teardown(() => { one.remove(); two.remove() })
  return { path: one.path, folder: one.folder, restored: two.path }
}

/** A file with some records, that nobody has open. */
async function filled (path: string, records = 200): Promise<void> {
  const backend = sqlite({ path, durability: 'process' })
  const body = Buffer.alloc(3000, 'b')
  await Promise.all(Array.from({ length: records }, async () => await create(backend, { body })))
  await backend.close()
}

function rowsOf (path: string, sql: string): unknown[] {
  const handle = new (findDriver().DatabaseSync)(path, { readOnly: true })
  const rows = handle.prepare(sql).all()
  handle.close()
  return rows
}

t.test('it has every write that was acknowledged before it began, while another process goes on writing', async (t) => {
  const { path, folder, restored } = folders(t)
  const other = new OtherProcess()
  t.teardown(async () => { await other.end() })
  const { backend, set } = await other.open({ path })
  await set(Date.now())
  await backend.bus.subscribe('a channel', () => {})
  const acknowledged: string[] = []
  const over = new AbortController()
  let reached = (): void => {}
  const some = new Promise<void>((resolve) => { reached = resolve })
  const writing = Array.from({ length: 16 }, async () => {
    while (!over.signal.aborted) {
      acknowledged.push(await create(backend, { body: Buffer.alloc(2000, 'b') }))
      if (acknowledged.length === 500) reached()
    }
  })
  await some
  const before = [...acknowledged]
  await backup(path, join(folder, 'backup.db'))
  const meanwhile = acknowledged.length - before.length
  over.abort()
  await Promise.all(writing)
  t.ok(meanwhile > 0, 'writes were acknowledged meanwhile')
  t.equal(statSync(join(folder, 'backup.db')).mode & 0o777, 0o600)
  t.notOk(readdirSync(folder).some((name) => name.includes('partial')), 'nothing else is left')

  renameSync(join(folder, 'backup.db'), restored)
  const { risks, bodies = 0 } = await examineFile(restored, { maxBytes: 2 ** 30 })
  t.strictSame(risks.filter((risk) => risk !== 'SQLITE_LITTLE_SPACE'), [])
  t.ok(bodies >= before.length)
  const token = "SELECT value FROM facts WHERE name = 'token'"
  t.notSame(rowsOf(restored, token), rowsOf(path, token), 'processes on the copy are strangers to those on the file')
  t.equal(rowsOf(path, 'SELECT * FROM listeners').length, 1)
  t.strictSame(rowsOf(restored, 'SELECT * FROM listeners'), [])
  const copy = sqlite({ path: restored })
  for (const key of before) if (await copy.records.read(key) === undefined) t.fail('an acknowledged write is missing')
  await copy.close()
})

t.test('a server on the backup serves the sessions as they were', async (t) => {
  const { path, restored } = folders(t)
  const keys = generateKey('k1')
  const app = await countingApp(sqlite({ path }), keys)
  const sessions = await Promise.all(Array.from({ length: 3 }, async () => await open(app.url)))
  for (const session of sessions) await count(app.url, session)
  await backup(path, restored)
  for (const session of sessions) t.equal(await count(app.url, session), 2)
  await app.close()
  const again = await countingApp(sqlite({ path: restored }), keys)
  t.teardown(async () => { await again.close() })
  for (const session of sessions) t.equal(await count(again.url, session, 10), 11)
})

t.test('what a killed process left is in it, and stays where it is', async (t) => {
  const { path, folder, restored } = folders(t)
  const other = new OtherProcess()
  t.teardown(async () => { await other.end() })
  const { backend, set } = await other.open({ path })
  await set(Date.now())
  const key = await create(backend)
  other.child.kill('SIGKILL')
  await new Promise((resolve) => other.child.once('exit', resolve))
  const size = statSync(`${path}-wal`).size
  await backup(path, restored)
  t.equal(statSync(`${path}-wal`).size, size)
  t.ok(readdirSync(folder).includes('sessions.db-open'))
  for (const file of [restored, path]) {
    const copy = sqlite({ path: file })
    t.match(await copy.records.read(key), { key })
    await copy.close()
  }
})

t.test('a target that is not a new file in a folder that exists is refused', async (t) => {
  const { path, folder } = folders(t)
  await filled(path, 1)
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('existing'), 'mine')
  writeFileSync(at('empty'), '')
  mkdirSync(at('folder'))
  symlinkSync(at('nowhere'), at('link'))
  const before = readdirSync(folder)
  for (const target of [path, at('existing'), at('empty'), at('folder'), at('link'), at('none/x'), at('existing/x')]) {
    await t.rejects(backup(path, target), { code: 'SQLITE_TARGET' })
  }
  t.strictSame(readdirSync(folder), before)
  t.equal(readFileSync(at('existing'), 'utf8'), 'mine')
})

t.test('a target that is taken meanwhile is not replaced, also where there are no links', async (t) => {
  const { folder } = folders(t)
  const [partial, target] = [join(folder, 'partial'), join(folder, 'target')]
  const refuse = async (): Promise<void> => { throw new Error('EPERM') }
  writeFileSync(partial, 'new')
  writeFileSync(target, 'mine')
  await t.rejects(giveName(partial, target), { code: 'SQLITE_TARGET' })
  await t.rejects(giveName(partial, target, refuse), { code: 'SQLITE_TARGET' })
  t.equal(readFileSync(target, 'utf8'), 'mine')
  rmSync(target)
  await giveName(partial, target, refuse)
  t.equal(readFileSync(target, 'utf8'), 'new')
})

t.test('a source that is missing, damaged or without its -wal file leaves nothing behind', async (t) => {
  const { path, folder, restored } = folders(t)
  await t.rejects(backup(path, restored), { code: 'SQLITE_MISSING' })
  t.strictSame(readdirSync(folder), [], 'nothing was made')
  await filled(path)
  writeFileSync(`${path}-open`, '')
  rmSync(`${path}-wal`, { force: true })
  await t.rejects(backup(path, restored), { code: 'SQLITE_WAL_MISSING' })
  t.notOk(readdirSync(folder).includes('sessions.db-wal'), 'what shows it stays as it was')
  rmSync(`${path}-open`)
  const bytes = readFileSync(path)
  bytes.fill(0xff, bytes.length / 2)
  writeFileSync(path, bytes)
  await t.rejects(backup(path, restored), { code: 'SQLITE_DAMAGED' })
  t.strictSame(readdirSync(dirname(restored)), [])
})

t.test('a disk that takes no more leaves nothing behind', async (t) => {
  const { path, restored } = folders(t)
  await filled(path)
  const module = fileURLToPath(new URL('../dist/index.js', import.meta.url))
  const script = `
    const { backup } = await import(process.argv[1])
    await backup(process.argv[2], process.argv[3]).catch(({ code }) => { console.log(code) })
  `
  const { stdout } = await run('sh', [
    '-c', 'ulimit -f 256; exec "$0" --input-type=module -e "$@"', process.execPath, script, module, path, restored
  ])
  t.equal(stdout, 'SQLITE_IO\n')
  t.strictSame(readdirSync(dirname(restored)), [])
})

t.test('a full disk is the one of the target', async (t) => {
  t.match(reason(new HoldfastError('HOLDFAST_BACKEND_FULL')), { code: 'SQLITE_TARGET_FULL' })
  const full = Object.assign(new Error(), { code: 'ENOSPC' })
  t.match(reason(full), { code: 'SQLITE_TARGET_FULL' })
  await t.rejects(ofTarget(async () => { throw full }), { code: 'SQLITE_TARGET_FULL' })
})

t.test('a folder that cannot be written is no fault of the database', async (t) => {
  const { path, folder } = folders(t)
  await filled(path, 1)
  const target = process.getuid?.() === 0 ? '/proc/copy.db' : join(folder, 'read-only/copy.db')
  mkdirSync(join(folder, 'read-only'), { mode: 0o500 })
  await t.rejects(backup(path, target), { code: 'SQLITE_TARGET' })
})

t.test('what is no path of a file is refused', async (t) => {
  for (const wrong of [undefined, '', 'file:/x.db', 7] as never[]) {
    await t.rejects(backup(wrong, 'x'), { code: 'HOLDFAST_INVALID_OPTION', path: 'path' })
    await t.rejects(backup('x', wrong), { code: 'HOLDFAST_INVALID_OPTION', path: 'target' })
    await t.rejects(examineFile(wrong), { code: 'HOLDFAST_INVALID_OPTION', path: 'path' })
  }
})

t.test('a name that is too long is refused', async (t) => {
  const { path, folder } = folders(t)
  await filled(path, 1)
  for (const length of [300, 250]) {
    await t.rejects(backup(path, join(folder, 'x'.repeat(length))), { code: 'SQLITE_TARGET' }, `${length} characters`)
  }
})
