import { closeSync, existsSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Move } from '../dist/checkpoint-worker.js'
import { Checkpoints } from '../dist/checkpoints.js'
import type { Connection } from '../dist/connection.js'
import { findDriver } from '../dist/driver.js'
import { SqliteError } from '../dist/errors.js'
import { Healing } from '../dist/healing.js'
import { create, open, place } from './fixtures/given.js'

const MIB = 2 ** 20

/** SQLite writes no page whose content is the same. */
const body = (version: number): Buffer => Buffer.alloc(MIB, version)

t.test('the -wal file stays short, however much is written', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const key = await create(backend)
  for (let version = 1; version < 300; version++) await backend.records.replace(key, version, body(version))
  const size = statSync(`${path}-wal`).size / MIB
  t.ok(size < 150, `${size} MiB of 300`)
  await backend.records.remove(key)
})

t.test('room that was freed goes back to the system', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const [first, ...keys] = await Promise.all(Array.from({ length: 40 }, async () =>
    await create(backend, { body: Buffer.alloc(MIB, 1) })))
  for (const key of keys) await backend.records.remove(key)
  const pages = new Set<number>()
  for (let version = 1; pages.size < 3; version++) {
    await backend.records.replace(first as string, version, body(version))
    pages.add(statSync(path).size)
  }
})

t.test('a reader that holds up a checkpoint holds up no writer', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const key = await create(backend)
  const reader = new (findDriver().DatabaseSync)(path)
  reader.exec('BEGIN; SELECT * FROM counts')
  const rows = reader.prepare('SELECT key FROM records')
  rows.all()
  for (let version = 1; version < 40; version++) await backend.records.replace(key, version, body(version))
  t.equal((await backend.records.read(key))?.version, 40)
  t.equal(rows.all().length, 1, 'the reader still has its view')
  const checkpoints = new Checkpoints(
    { path, inode: statSync(path).ino, ask: () => ({ log: 0 }) } as unknown as Connection, () => { t.fail('a warning') }
  )
  const alive = setInterval(() => {}, 1000)
  t.equal(await checkpoints.run('move'), false, 'what the reader needs cannot be moved')
  t.equal(await checkpoints.run('restart'), false, 'one that insists does not get everything either')
  clearInterval(alive)
  await checkpoints.close()
  reader.exec('COMMIT')
  reader.close()
})

t.test('a look that fails, and a worker that cannot open the file, are no failure of a commit', async (t) => {
  const warnings: unknown[] = []
  const failing = new Checkpoints({
    path: '/nowhere/x.db', ask () { throw new SqliteError('SQLITE_IO') }
  } as unknown as Connection, (warning) => { warnings.push(warning) })
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { clearInterval(alive) })
  t.equal(failing.committed(), undefined)
  t.equal(await failing.run('restart'), false)
  t.equal(await failing.run('restart'), false, 'the next attempt has a worker of its own')
  await failing.close()
  t.match(warnings, [{ code: 'SQLITE_UNWRITABLE' }])
  t.equal(warnings.length, 1, 'an operator hears of it once')
})

t.test('a thread that dies is followed by another one', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path })
  await create(backend)
  const warnings: unknown[] = []
  const checkpoints = new Checkpoints(
    { path, inode: statSync(path).ino, ask: () => ({ log: 0 }) } as unknown as Connection,
    (warning) => { warnings.push(warning) }
  )
  const alive = setInterval(() => {}, 1000)
  process.once('worker', (worker) => {
    worker.emit('error', new Error('out of memory'))
    void worker.terminate()
  })
  t.equal(await checkpoints.run('restart'), false)
  t.match(warnings, [{ code: 'SQLITE_FAILED' }])
  t.equal(await checkpoints.run('restart'), true)
  clearInterval(alive)
  await checkpoints.close()
})

t.test('a thread that the system refuses ends no process', async (t) => {
  const warnings: unknown[] = []
  const connection = { path: Symbol('no path'), ask: (work: () => unknown) => work(), get: () => ({ log: 16_384 }) }
  const checkpoints = new Checkpoints(
    connection as unknown as Connection, (warning) => { warnings.push(warning) }
  )
  await checkpoints.committed()
  t.match(warnings, [{ code: 'SQLITE_FAILED' }])
  t.equal(checkpoints.committed(), undefined, 'it waits before it tries again')
  await checkpoints.close()
})

/** What a checkpoint of a file does, while other connections have it open. */
async function checkpointed (t: Test, path: string, move: Move): Promise<{ done: boolean, warnings: unknown[] }> {
  const warnings: unknown[] = []
  const checkpoints = new Checkpoints(
    { path, inode: statSync(path).ino, ask: () => ({ log: 0 }) } as unknown as Connection,
    (warning) => { warnings.push(warning) }
  )
  const alive = setInterval(() => {}, 1000)
  const done = await checkpoints.run(move)
  clearInterval(alive)
  await checkpoints.close()
  return { done, warnings }
}

t.test('a process that keeps the file locked is no failure of a checkpoint', async (t) => {
  const { path } = place(t)
  const other = new (findDriver().DatabaseSync)(path)
  other.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE a (b)')
  t.strictSame(await checkpointed(t, path, 'restart'), { done: false, warnings: [] })
  other.close()
})

t.test('a file that was replaced is not touched, and none is made', async (t) => {
  const { path } = place(t)
  writeFileSync(path, 'of somebody else')
  const warnings: unknown[] = []
  const connection = { path, inode: statSync(path).ino, ask: () => ({ log: 0 }) } as unknown as Connection
  const checkpoints = new Checkpoints(connection, (warning) => { warnings.push(warning) })
  rmSync(path)
  const alive = setInterval(() => {}, 1000)
  t.equal(await checkpoints.run('restart'), false)
  clearInterval(alive)
  await checkpoints.close()
  t.match(warnings, [{ code: 'SQLITE_REPLACED' }])
  t.notOk(existsSync(path))
})

t.test('after a sync that failed, a -wal file that lost pages is damage', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, onWarning: () => {} })
  await create(backend)
  t.strictSame(await checkpointed(t, path, 'heal'), { done: true, warnings: [] })
  const key = await create(backend)
  await backend.records.replace(key, 1, body(1))
  const file = openSync(`${path}-wal`, 'r+')
  writeSync(file, Buffer.alloc(64), 0, 64, statSync(`${path}-wal`).size - 4096)
  closeSync(file)
  t.match(await checkpointed(t, path, 'heal'), { done: false, warnings: [{ code: 'SQLITE_DAMAGED' }] })
})

t.test('what the disk did not confirm is written anew until that succeeds', async (t) => {
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { clearInterval(alive) })
  const calls: string[] = []
  const results = [false, true]
  await new Promise<void>((resolve) => {
    const connection = {
      fail (error: SqliteError) { calls.push(error.code) },
      recovered () { calls.push('recovered'); resolve() }
    } as unknown as Connection
    const healing = new Healing(connection, { runAnew: async () => results.shift() } as unknown as Checkpoints)
    healing.begin(new SqliteError('SQLITE_UNSYNCED'))
    healing.begin(new SqliteError('SQLITE_UNSYNCED'))
    t.teardown(() => { healing.stop() })
  })
  t.strictSame(calls, ['SQLITE_UNSYNCED', 'SQLITE_UNSYNCED', 'recovered'])
  t.strictSame(results, [])
})

t.test('writes wait for a checkpoint of a long -wal file, not of a shorter one', async (t) => {
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => { clearInterval(alive) })
  const ofLength = (log: number): Checkpoints => new Checkpoints({
    path: '/nowhere/x.db', ask: (work: () => unknown) => work(), get: () => ({ log })
  } as unknown as Connection, () => {})
  for (const [log, waits] of [[4095, false], [4096, false], [16_383, false], [16_384, true]] as const) {
    const checkpoints = ofLength(log)
    const waiting = checkpoints.committed()
    t.equal(waiting !== undefined, waits, `${log} pages`)
    t.equal(checkpoints.committed(), undefined, 'it looks again later only')
    await waiting
    await checkpoints.close()
  }
})
