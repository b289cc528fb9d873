import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { bootId } from '../dist/clock.js'
import { findDriver } from '../dist/driver.js'
import { sqlite } from '../dist/index.js'
import { OpenMarker } from '../dist/open-marker.js'
import { hasLostCommits, readWal, wholeFrames } from '../dist/wal-check.js'
import { create, open, place } from './fixtures/given.js'
import { OtherProcess } from './fixtures/remote.js'

const FRAME = 24 + 4096

/** What a process leaves that writes records one after the other and is killed. */
async function killed (t: Test, records = 20): Promise<{ path: string, keys: string[] }> {
  const { path } = place(t)
  const other = new OtherProcess()
  const { backend, set } = await other.open({ path })
  await set(Date.now())
  const keys: string[] = []
  for (let i = 0; i < records; i++) keys.push(await create(backend, { body: Buffer.alloc(500, i) }))
  const ended = once(other.child, 'exit')
  other.child.kill('SIGKILL')
  await ended
  return { path, keys }
}

function change (path: string, to: (wal: Buffer) => void): void {
  const wal = readFileSync(`${path}-wal`)
  to(wal)
  writeFileSync(`${path}-wal`, wal)
}

/** How many frames a -wal file has of its present run. */
function framesIn (path: string): number {
  const wal = readFileSync(`${path}-wal`)
  const salts = wal.toString('hex', 16, 24)
  let frames = 0
  while (wal.toString('hex', 32 + frames * FRAME + 8, 32 + frames * FRAME + 16) === salts) frames++
  return frames
}

function invert (bytes: Buffer, from: number, length: number): void {
  for (let i = from; i < from + length; i++) bytes[i] = ~(bytes[i] as number)
}

/** How many of the records are there. Rejects when an outage is the answer. */
async function found (path: string, keys: string[]): Promise<number> {
  const backend = sqlite({ path, onWarning: () => {} })
  try {
    return (await Promise.all(keys.map(async (key) => await backend.records.read(key)))).filter(Boolean).length
  } finally {
    await backend.close()
  }
}

t.test('after a kill everything is there', async (t) => {
  const { path, keys } = await killed(t)
  t.equal(readFileSync(`${path}-open`, 'utf8'), bootId())
  t.equal(hasLostCommits(`${path}-wal`), false)
  t.equal(await found(path, keys), keys.length)
})

t.test('damage in front of a whole transaction is an outage, and nothing is made anew', async (t) => {
  const { path, keys } = await killed(t)
  const frames = framesIn(path)
  const damages: Record<string, (wal: Buffer) => void> = {
    'the header': (wal) => { invert(wal, 0, 32) },
    'a byte of the header': (wal) => { invert(wal, 20, 1) },
    'all but the last frame': (wal) => { wal.fill(0, 32, 32 + (frames - 2) * FRAME) }
  }
  for (let frame = 0; frame < frames - 8; frame += 7) {
    damages[`frame ${frame}`] = (wal) => { invert(wal, 32 + frame * FRAME, FRAME) }
    damages[`a byte of frame ${frame}`] = (wal) => { invert(wal, 32 + frame * FRAME + 1000, 1) }
    damages[`the salts of frame ${frame}`] = (wal) => { invert(wal, 32 + frame * FRAME + 8, 8) }
  }
  for (const [name, damage] of Object.entries(damages)) {
    const copy = join(path, '..', 'copy.db')
    for (const part of ['', '-wal', '-open']) copyFileSync(path + part, copy + part)
    change(copy, damage)
    const before = readFileSync(`${copy}-wal`)
    await t.rejects(found(copy, keys), { code: 'SQLITE_DAMAGED' }, name)
    t.ok(readFileSync(`${copy}-wal`).equals(before), 'the -wal file stays')
  }
})

t.test('a transaction without its end is no damage', async (t) => {
  const { path, keys } = await killed(t)
  const frames = framesIn(path)
  change(path, (wal) => { invert(wal, 32 + (frames - 1) * FRAME + 500, 100) })
  t.equal(hasLostCommits(`${path}-wal`), false, 'its last frame was being written')
  truncateSync(`${path}-wal`, 32 + (frames - 1) * FRAME + 100)
  t.equal(hasLostCommits(`${path}-wal`), false)
  t.ok(await found(path, keys) >= keys.length - 1)
})

t.test('after a start of the machine gaps are what the loss of power leaves', async (t) => {
  const { path, keys } = await killed(t)
  const frames = framesIn(path)
  change(path, (wal) => { invert(wal, 32 + (frames - 20) * FRAME, FRAME) })
  writeFileSync(`${path}-open`, 'an earlier run')
  const backend = sqlite({ path })
  t.equal(readFileSync(`${path}-open`, 'utf8'), bootId(), 'the -wal file has begun anew')
  const key = await create(backend)
  await backend.close()
  t.ok(await found(path, keys) < keys.length)
  t.equal(await found(path, [key]), 1)
})

t.test('when other processes hold up that it begins anew, it is not said to be of this run', async (t) => {
  const { path, keys } = await killed(t)
  writeFileSync(`${path}-open`, 'an earlier run')
  const handle = new (findDriver().DatabaseSync)(path)
  handle.exec('BEGIN')
  handle.prepare('SELECT count(*) FROM records').get()
  const backend = open(t, { path })
  t.equal(readFileSync(`${path}-open`, 'utf8'), '')
  handle.exec('COMMIT')
  handle.close()
  t.equal((await backend.records.list({ limit: 100 })).records.length, keys.length)
})

t.test('a process that opens the file while others write finds no damage', async (t) => {
  const { path } = place(t)
  const backend = open(t, { path, durability: 'process' })
  const key = await create(backend)
  const over = new AbortController()
  const writing = (async () => {
    for (let version = 1; !over.signal.aborted; version++) {
      await backend.records.replace(key, version, Buffer.alloc(20_000, version))
    }
  })()
  const other = new OtherProcess()
  for (let i = 0; i < 20; i++) {
    const { backend: second } = await other.open({ path })
    t.ok(await second.records.read(key))
    await second.close()
  }
  over.abort()
  await writing
  await other.end()
})

t.test('a file that changes between two looks is in use, not damaged', async (t) => {
  const looks = ['3 of a run', '3 of a run', '5 of a run']
  t.equal(hasLostCommits('', () => looks.shift()), false)
  t.equal(hasLostCommits('', () => '3 of a run'), true)
})

t.test('an empty file has nothing to lose, and one that is very long is not read', async (t) => {
  const { path } = place(t)
  for (const size of [0, 32, 2 ** 27 + 1]) {
    writeFileSync(path, '')
    truncateSync(path, size)
    t.equal(hasLostCommits(path), false, `${size} bytes`)
    t.equal(wholeFrames(path), size > 32 ? Infinity : 0)
  }
  t.equal(hasLostCommits(`${path}-none`), false)
  writeFileSync(path, '')
  t.equal(readWal(path, 1000), undefined, 'one that was emptied meanwhile')
})

t.test('a marker that cannot be read keeps the file shut', async (t) => {
  const { path } = place(t)
  mkdirSync(`${path}-open`)
  const warnings: Error[] = []
  const backend = sqlite({ path, onWarning: (warning) => { warnings.push(warning) } })
  t.match(warnings, [{ code: 'SQLITE_IO' }])
  await backend.close()
})

t.test('a marker that another process removed comes back', async (t) => {
  const { path } = place(t)
  const marker = new OpenMarker(path)
  marker.put(true)
  writeFileSync(`${path}-open`, 'of another process')
  marker.keep()
  t.equal(readFileSync(`${path}-open`, 'utf8'), 'of another process', 'one that is there stays')
  rmSync(`${path}-open`)
  marker.keep()
  t.ok(existsSync(`${path}-open`))
  marker.without(() => { t.notOk(existsSync(`${path}-open`), 'there is none while the database closes') })
  t.notOk(existsSync(`${path}-open`))
})

t.test('the marker stays as long as the -wal file does', async (t) => {
  const { path } = place(t)
  const marker = new OpenMarker(path)
  marker.put(true)
  const content = readFileSync(`${path}-open`, 'utf8')
  writeFileSync(`${path}-wal`, 'pages')
  marker.without(() => {})
  t.equal(readFileSync(`${path}-open`, 'utf8'), content, 'of a process that still uses the file, or for the next one')
  marker.without(() => {
    writeFileSync(`${path}-open`, 'put back by a process that closes at the same moment')
    rmSync(`${path}-wal`)
  })
  t.notOk(existsSync(`${path}-open`))
  marker.without(() => {})
  t.notOk(existsSync(`${path}-open`))
})

t.test('what closes the database runs also when the marker cannot be removed', async (t) => {
  const { path } = place(t)
  mkdirSync(`${path}-open`)
  let closed = false
  t.throws(() => { new OpenMarker(path).without(() => { closed = true }) }, { code: 'EISDIR' })
  t.equal(closed, true)
})
