import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { file, unsealed } from '../dist/index.js'
import { EndedFile } from '../dist/snapshot/ended-file.js'
import { ADA } from './fixtures/manager.js'
import { start } from './fixtures/process.js'
import { sealing } from './fixtures/sealing.js'
import { Shelf } from './fixtures/shelf.js'

const NOTHING = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }
const FAILED = { code: 'HOLDFAST_SNAPSHOT_FAILED' }
const exporting = fileURLToPath(new URL('../test/fixtures/exporting.mjs', import.meta.url))

t.test('the file is for its owner only, whatever the umask', async (t) => {
  const path = join(t.testdir(), 'sessions.holdfast')
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const { sessions } = start({ snapshot: file(path) })
  const { id } = await sessions.create()
  await sessions.exportSessionState()
  await sessions.terminate({ id, principal: null })
  for (const name of readdirSync(t.testdirName)) t.equal(statSync(join(t.testdirName, name)).mode & 0o777, 0o600, name)
  t.strictSame(readdirSync(t.testdirName).sort(), ['sessions.holdfast', 'sessions.holdfast.ended'])
  chmodSync(path, 0o644)
  await sessions.exportSessionState()
  t.equal(statSync(path).mode & 0o777, 0o600)
  const left = ['sessions.holdfast', 'sessions.holdfast.ended']
  t.strictSame(readdirSync(t.testdirName).sort(), left, 'and nothing else is left over')
})

t.test('a path that is none, or an interval, is an error at once', async (t) => {
  for (const path of ['', undefined, 7]) {
    t.throws(() => file(path as never), { code: 'HOLDFAST_INVALID_OPTION', path: 'file' })
  }
  t.throws(() => file('x', { every: 'often' }), { code: 'HOLDFAST_INVALID_OPTION', path: 'every' })
  t.equal(file('x', { every: '5m' }).every, 300_000)
  t.notOk('every' in file('x'))
})

t.test('no file is no snapshot', async (t) => {
  const { sessions } = start({ snapshot: file(join(t.testdir(), 'sessions.holdfast')) })
  t.strictSame(await sessions.restoreSessionState(), NOTHING)
  t.equal(sessions.incomplete, false)
})

t.test('what cannot be read is an error, and unknown sessions may be in it', async (t) => {
  const path = join(t.testdir({ folder: {}, plain: '' }), 'folder')
  for (const store of [
    file(path),
    file(join(t.testdirName, 'plain', 'below')),
    { write: async () => {}, read: async () => { throw new Error('no') }, mayRevive: true }
  ]) {
    const { sessions, heard } = start({ snapshot: store })
    await t.rejects(sessions.restoreSessionState(), FAILED)
    t.equal(sessions.incomplete, true)
    await t.rejects(sessions.exportSessionState(), FAILED, 'nor is it replaced')
    const events = ['snapshotRestoreFailed', 'snapshotRestoreFailed', 'snapshotExportFailed']
    t.match(heard, events.map(event => ({ event, error: FAILED })))
    const other = start({ snapshot: new Shelf() })
    await t.rejects(other.sessions.restoreSessionState(store), FAILED)
    t.equal(other.sessions.incomplete, false, 'unless it is not the manager\'s own')
  }
  t.ok(statSync(path).isDirectory())
})

t.test('notes that cannot be read are an error too', async (t) => {
  const path = join(t.testdir({ 'x.ended': {} }), 'x')
  const { sessions } = start({ snapshot: file(path) })
  await t.rejects(sessions.restoreSessionState(), FAILED)
  await sessions.create()
  await t.rejects(sessions.exportSessionState(), FAILED)
  t.notOk(existsSync(path))
})

t.test('what could not be read at first is restored before it is replaced', async (t) => {
  const shelf = new Shelf()
  const before = start({ snapshot: shelf })
  const { id } = await before.sessions.create()
  await before.sessions.exportSessionState()
  const { read } = shelf
  shelf.read = async () => { throw new Error('not now') }
  const after = start({ snapshot: shelf })
  await t.rejects(after.sessions.restoreSessionState(), FAILED)
  shelf.read = read
  await after.sessions.create()
  t.match(await after.sessions.exportSessionState(), { exported: 2 })
  t.equal(after.sessions.incomplete, false)
  t.ok(await after.sessions.open(id, null))
})

t.test('a snapshot under a key that is not here is left alone, and there again with its key', async (t) => {
  const path = join(t.testdir(), 'sessions.holdfast')
  const before = start({ snapshot: file(path), codec: sealing('k1') })
  const { id } = await before.sessions.create({ principal: ADA })
  await before.sessions.exportSessionState()
  const bytes = readFileSync(path)
  const wrong = start({ snapshot: file(path), codec: sealing('k2') })
  t.strictSame(await wrong.sessions.restoreSessionState(), {
    ...NOTHING, invalid: [{ line: 1, code: 'UNKNOWN_KEY', reason: 'sealed with a key that is not here' }]
  })
  t.equal(wrong.sessions.incomplete, true)
  await wrong.sessions.create()
  await t.rejects(wrong.sessions.exportSessionState(), { code: 'HOLDFAST_SNAPSHOT_KEPT' })
  await t.rejects(
    start({ codec: sealing('k2') }).sessions.exportSessionState(file(path)),
    { code: 'HOLDFAST_SNAPSHOT_KEPT' },
    'nor for anybody else'
  )
  t.ok(bytes.equals(readFileSync(path)))
  t.strictSame(readdirSync(t.testdirName), ['sessions.holdfast'], 'no copy is needed')
  const right = start({ snapshot: file(path), codec: sealing('k2', 'k1') })
  t.match(await right.sessions.restoreSessionState(), { restored: 1, invalid: [] })
  t.ok(await right.sessions.open(id, ADA))
  t.equal(right.sessions.incomplete, false)
})

t.test('one body under a key that is not here comes back sealed, and goes on sealed', async (t) => {
  const shelf = new Shelf()
  const first = start({ codec: sealing('k1') })
  const { id } = await first.sessions.create({ data: { n: 1 } })
  await first.sessions.exportSessionState(shelf)
  const second = start({ codec: sealing('k2', 'k1') })
  await second.sessions.restoreSessionState(shelf)
  await second.sessions.create()
  await second.sessions.exportSessionState(shelf)
  const third = start({ codec: sealing('k2') })
  t.strictSame(await third.sessions.restoreSessionState(shelf), { ...NOTHING, restored: 2 })
  await t.rejects(third.sessions.open(id, null), { code: 'HOLDFAST_KEY_UNAVAILABLE' })
  await third.sessions.exportSessionState(shelf)
  const fourth = start({ codec: sealing('k2', 'k1') })
  t.match(await fourth.sessions.restoreSessionState(shelf), { restored: 2, invalid: [] })
  t.strictSame((await fourth.sessions.open(id, null))?.data, { n: 1 })
})

t.test('a damaged snapshot is copied before it is replaced, once', async (t) => {
  const path = join(t.testdir({ 'sessions.holdfast': 'nonsense' }), 'sessions.holdfast')
  const { sessions } = start({ snapshot: file(path) })
  t.match(await sessions.restoreSessionState(), { invalid: [{ line: 1 }] })
  t.equal(sessions.incomplete, false)
  await sessions.exportSessionState()
  const kept = readdirSync(t.testdirName).filter(name => name.includes('.kept-'))
  t.equal(kept.length, 1)
  t.equal(readFileSync(join(t.testdirName, kept[0] as string), 'utf8'), 'nonsense')
  writeFileSync(path, 'other nonsense')
  await sessions.exportSessionState()
  t.equal(readdirSync(t.testdirName).filter(name => name.includes('.kept-')).length, 2, 'also when nobody restored it')
})

t.test('where there is nothing, nothing is copied', async (t) => {
  await file(join(t.testdir(), 'x')).keep?.()
  t.strictSame(readdirSync(t.testdirName), [])
})

t.test('a place without room for copies is written all the same', async (t) => {
  const { bytes } = new Shelf('nonsense')
  let written = false
  const store = {
    read: () => Readable.from([bytes]),
    write: async (stream: Readable) => { written = (await stream.toArray()).length > 0 },
    mayRevive: true
  }
  const { sessions } = start({ snapshot: store })
  t.match(await sessions.restoreSessionState(), { invalid: [{ line: 1 }] })
  await sessions.exportSessionState()
  t.ok(written)
})

t.test('a write that fails half way leaves what was there, and nothing else', async (t) => {
  const path = join(t.testdir({ x: 'old' }), 'x')
  const store = file(path)
  await t.rejects(store.write(Readable.from((async function * () {
    yield Buffer.from('new')
    throw new Error('half way')
  })(), { objectMode: false })), { message: 'half way' })
  t.equal(readFileSync(path, 'utf8'), 'old')
  t.strictSame(readdirSync(t.testdirName), ['x'])
})

t.test('an unwritable or vanished folder is an error, and works again when it is there', async (t) => {
  const folder = join(t.testdir(), 'folder')
  mkdirSync(folder)
  const { sessions } = start({ snapshot: file(join(folder, 'x')) })
  const { id } = await sessions.create()
  rmSync(folder, { recursive: true })
  await t.rejects(sessions.exportSessionState(), FAILED)
  await t.rejects(sessions.terminate({ id, principal: null }), FAILED)
  mkdirSync(folder)
  t.match(await sessions.exportSessionState(), { exported: 0 })
})

t.test('a full disk leaves the old snapshot', async (t) => {
  const path = join(t.testdir(), 'x')
  const { sessions } = start({ snapshot: file(path), codec: unsealed })
  await sessions.create()
  await sessions.exportSessionState()
  const old = readFileSync(path)
  // A file may have 4 KiB here.
  const child = spawn(
    'bash',
    ['-c', 'ulimit -f 4; exec env -i "$0" "$@"', process.execPath, exporting, path, '50', '1'],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  let said = ''
  child.stdout.on('data', data => { said += data })
  await once(child, 'close')
  t.equal(said, 'ready\nHOLDFAST_SNAPSHOT_FAILED\n')
  t.ok(readFileSync(path).equals(old))
  t.strictSame(readdirSync(t.testdirName), ['x'])
})

t.test('a process that is killed while it exports leaves the old snapshot or the new one', async (t) => {
  const path = join(t.testdir(), 'x')
  let before = 0
  for (let round = 1; round <= 15; round++) {
    const child = spawn('env', ['-i', process.execPath, exporting, path, String(round * 10), '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const closed = once(child, 'close')
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    if ((await lines.next()).value !== 'ready') return t.fail('the process did not begin')
    // Most are killed in their first export, and some in a later one.
    if (round % 3 === 0) await lines.next()
    await setTimeout(Math.random() * 30)
    child.kill('SIGKILL')
    await closed
    const { restored, invalid } = await start({ codec: unsealed }).sessions.restoreSessionState(file(path))
    if (invalid.length > 0 || (restored !== before && restored !== round * 10)) {
      t.strictSame({ round, restored, invalid }, { before })
    }
    before = restored
  }
  t.ok(before > 0)
  t.match(
    await start({ codec: unsealed }).sessions.exportSessionState(file(path)),
    { exported: 0 },
    'and what it left behind is in nobody\'s way'
  )
})

t.test('what a process that died left behind is removed when it is old', async (t) => {
  const leftovers = ['x.0123456789ab.tmp', 'x.ba9876543210.tmp', 'y.0123456789ab.tmp', 'x.other.tmp']
  const folder = t.testdir(Object.fromEntries(leftovers.map(name => [name, 'half'])))
  const old = new Date(Date.now() - 3_600_000)
  for (const name of leftovers.slice(1)) utimesSync(join(folder, name), old, old)
  await start().sessions.exportSessionState(file(join(folder, 'x')))
  t.strictSame(readdirSync(folder).sort(), ['x', 'x.0123456789ab.tmp', 'x.other.tmp', 'y.0123456789ab.tmp'])
})

t.test('ends are remembered through an export that fails, and for minutes after one that works', async (t) => {
  const path = join(t.testdir(), 'x')
  const store = file(path)
  const { sessions } = start({ snapshot: store })
  const made = [await sessions.create(), await sessions.create(), await sessions.create()]
  await sessions.exportSessionState()
  for (const { id } of made.slice(0, 2)) {
    await sessions.terminate({ id, principal: null })
    await t.rejects(sessions.exportSessionState(undefined, { onProgress: () => { throw new Error('no') } }), FAILED)
  }
  t.strictSame(await start().sessions.restoreSessionState(file(path)), { ...NOTHING, restored: 1, duplicate: 2 })
  await sessions.exportSessionState()
  t.strictSame(readdirSync(t.testdirName).sort(), ['x', 'x.ended'])
  t.strictSame(await start().sessions.restoreSessionState(file(path)), { ...NOTHING, restored: 1 })
})

t.test('ends are forgotten some time after a snapshot without their sessions was begun', async (t) => {
  const list = new EndedFile(join(t.testdir(), 'x'), 0)
  const began = Date.now() + 1_000
  await list.forgetOlder(began)
  await list.add(['one', 'two'])
  await list.forgetOlder(0)
  t.strictSame(await list.read(), new Set(['one', 'two']), 'they ended after that snapshot was begun')
  const later = async (): Promise<void> => {
    const now = Date.now()
    while (Date.now() <= now + 1) await setImmediate()
    await list.forgetOlder(Date.now())
  }
  await later()
  t.strictSame(await list.read(), new Set(['one', 'two']))
  await list.add(['three'])
  await later()
  t.strictSame(await list.read(), new Set(['three']))
  t.strictSame(readdirSync(t.testdirName), ['x.ended-before'])
})

t.test('what another process notes while the list is replaced is not lost', async (t) => {
  const path = join(t.testdir(), 'x')
  const [one, other] = [new EndedFile(path, 0), new EndedFile(path, 0)]
  await one.add(['first'])
  await Promise.all(Array.from({ length: 50 }, async (_, n) => {
    await other.add([`key ${n}`])
    if (n % 10 === 0) await one.forgetOlder(0)
  }))
  t.equal((await one.read()).size, 51)
})

t.test('an end whose note was cut short by a full disk does not spoil the next', async (t) => {
  const path = join(t.testdir(), 'x')
  const { sessions } = start({ snapshot: file(path) })
  const { id } = await sessions.create()
  await sessions.exportSessionState()
  writeFileSync(`${path}.ended`, 'cut-sho')
  await sessions.terminate({ id, principal: null })
  t.strictSame(await start().sessions.restoreSessionState(file(path)), { ...NOTHING, duplicate: 1 })
})

t.test('a file that cannot be there is not a file that is not there', async (t) => {
  const path = join(t.testdir({ x: '' }), 'x', 'y')
  await t.rejects(start().sessions.exportSessionState(file(path)), { ...FAILED, cause: { code: 'ENOTDIR' } })
})

t.test('a place that does not take everything has failed', async (t) => {
  const { sessions } = start()
  for (let i = 0; i < 250; i++) await sessions.create({ data: { text: 'x'.repeat(500) } })
  const writes: Array<(stream: Readable) => Promise<void>> = [
    async () => {},
    async stream => { await once(stream, 'readable') },
    async stream => { await stream[Symbol.asyncIterator]().next() },
    async stream => { stream.destroy(new Error('no')) },
    async () => { throw new Error('no') },
    async stream => {
      await once(stream, 'readable')
      throw new Error('no')
    }
  ]
  for (const write of writes) {
    await t.rejects(sessions.exportSessionState({ write, read: () => null }), FAILED, write.toString())
  }
  await t.rejects(
    sessions.exportSessionState(new Shelf(), { filter: () => { throw new Error('no') } }),
    { ...FAILED, cause: { message: 'no' } }
  )
})

t.test('a slow place holds the export back', async (t) => {
  const { backend, sessions } = start()
  await sessions.create({ data: { text: 'x'.repeat(500) } })
  const [record] = (await backend.records.list({ limit: 1 })).records
  let pages = 0
  backend.records.list = async ({ limit }) =>
    ({ records: Array.from({ length: limit }, () => ({ ...record! })), ...(++pages < 200 && { cursor: 'more' }) })
  let [size, taken, ahead] = [0, 0, 0]
  const report = await sessions.exportSessionState({
    read: () => null,
    write: async stream => {
      for await (const chunk of stream) {
        if (size === 0 && taken > 0) size = chunk.length
        taken += chunk.length
        for (let i = 0; i < 5; i++) await setImmediate()
        if (size > 0) ahead = Math.max(ahead, pages - taken / size)
      }
    }
  })
  t.match(report, { exported: 20_000, bytes: taken })
  t.ok(ahead < 5, `${ahead} pages ahead`)
})

t.test('ends at the same time are noted together, each once, and each resolves when its own is there', async t => {
  const path = join(t.testdir(), 'sessions.holdfast')
  const store = file(path)
  let notes = 0
  const { forget } = store as Required<typeof store>
  store.forget = async keys => {
    notes++
    await forget(keys)
  }
  const { sessions } = start({ snapshot: store })
  const all = await Promise.all(Array.from({ length: 800 }, async () => await sessions.create()))
  await Promise.all(all.map(async ({ id, key }) => {
    await sessions.terminate({ id, principal: null })
    t.ok(readFileSync(`${path}.ended`, 'utf8').includes(`\n${key}\n`))
  }))
  t.ok(notes <= 80, `${notes} syncs`)
  t.ok(statSync(`${path}.ended`).size <= 800 * 100, `${statSync(`${path}.ended`).size} bytes`)
})

t.test('an end that could not be noted is told to whoever waited for it, and noted with the next', async t => {
  const path = join(t.testdir(), 'sessions.holdfast')
  const store = file(path)
  const { forget } = store as Required<typeof store>
  let broken = true
  store.forget = async keys => {
    await setImmediate()
    if (broken) throw new Error('the disk is full')
    await forget(keys)
  }
  const { sessions } = start({ snapshot: store })
  const all = await Promise.all(Array.from({ length: 3 }, async () => await sessions.create()))
  const endings = await Promise.allSettled(
    all.slice(0, 2).map(async ({ id }) => await sessions.terminate({ id, principal: null }))
  )
  for (const { reason } of endings as PromiseRejectedResult[]) t.match(reason, FAILED)
  broken = false
  await sessions.terminate({ id: all[2]!.id, principal: null })
  const noted = readFileSync(`${path}.ended`, 'utf8')
  for (const { key } of all) t.ok(noted.includes(key))
  t.equal(noted.split('\n').filter(Boolean).length, 4, 'and when the list began')
})

for (const name of ['sessions.holdfast.ended', 'sessions.holdfast.ended-before']) {
  t.test(`no symbolic link is followed, nor a pipe waited for: ${name}`, async t => {
    const folder = t.testdir({ victim: 'mine' })
    const snapshot = file(join(folder, 'sessions.holdfast'))
    const { sessions } = start({ snapshot })
    const [one, two] = [await sessions.create(), await sessions.create()]
    await sessions.terminate({ id: two.id, principal: null })
    if (name.endsWith('ended')) rmSync(join(folder, name))
    symlinkSync(join(folder, 'victim'), join(folder, name))
    if (name.endsWith('ended')) await t.rejects(sessions.terminate({ id: one.id, principal: null }), FAILED)
    await t.rejects(sessions.exportSessionState(), FAILED)
    await t.rejects(start({ snapshot: file(join(folder, 'sessions.holdfast')) }).sessions.restoreSessionState(), FAILED)
    t.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'mine')
    rmSync(join(folder, name))
    execFileSync('mkfifo', [join(folder, name)])
    await t.rejects(sessions.exportSessionState(), FAILED)
  })
}

t.test('a link at the path is read, and replaced by the next write', async t => {
  const folder = t.testdir()
  const { sessions } = start({ snapshot: file(join(folder, 'real')) })
  await sessions.create()
  await sessions.exportSessionState()
  const before = readFileSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const after = start({ snapshot: file(join(folder, 'link')) })
  t.equal((await after.sessions.restoreSessionState()).restored, 1)
  await after.sessions.exportSessionState()
  t.notOk(lstatSync(join(folder, 'link')).isSymbolicLink())
  t.strictSame(readFileSync(join(folder, 'real')), before)
})
