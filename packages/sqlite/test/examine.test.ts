import {
  chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync
} from 'node:fs'
import t, { type Test } from 'tap'
import { HoldfastError } from '@holdfast/core'
import { riskOf } from '../dist/examine.js'
import { SQLITE_RISKS, examineFile, sqlite } from '../dist/index.js'
import { inThread } from '../dist/thread.js'
import { execute } from './fixtures/execute.js'
import { makeFolder } from './fixtures/folder.js'
import { create } from './fixtures/given.js'

const SMALL = { maxBytes: 2 ** 26 }

const keyOf = (i: number): string => `tag.key-${i}`

/** A file with three records and two events, that nobody has open. */
async function filled (t: Test): Promise<{ path: string, folder: string }> {
  const { path, folder, remove } = makeFolder()
  t.teardown(remove)
  const backend = sqlite({ path })
  for (let i = 0; i < 3; i++) await create(backend, { key: keyOf(i), body: Buffer.alloc(9000, `body ${i}`) })
  await backend.events.append({ key: keyOf(0), name: 's' }, [Buffer.from('event one'), Buffer.from('event two')])
  await backend.close()
  return { path, folder }
}

/** Replaces a text at its last place in the file. */
function alter (path: string, from: string, to: string): void {
  const bytes = readFileSync(path)
  const at = bytes.lastIndexOf(from)
  if (at < 0) throw new Error('the file does not contain the text')
  bytes.write(to, at)
  writeFileSync(path, bytes)
}

t.test('a file without risks, while it is in use and afterwards', async (t) => {
  const { path } = await filled(t)
  const closed = await examineFile(path, SMALL)
  t.match(closed, { risks: [], inUse: false, engine: /^3\./, schema: 1, bodies: 5, bytes: Number, freeBytes: Number })
  t.ok(Math.abs(closed.clockAhead as number) < 60_000)
  t.ok((closed.usedBytes as number) > 27_000 && (closed.usedBytes as number) <= (closed.bytes as number))
  const backend = sqlite({ path })
  const more = Array.from({ length: 120 }, () => Buffer.from('more'))
  await Promise.all(more.map(async (body) => await create(backend, { body })))
  await backend.events.append({ key: keyOf(1), name: 's' }, more)
  const used = await examineFile(path)
  t.match({ ...used, risks: used.risks.filter((risk) => risk !== 'SQLITE_LITTLE_SPACE') }, {
    risks: [], inUse: true, bodies: 245
  })
  t.ok((used.walBytes as number) > 0)
  await backend.close()
})

t.test('what keeps a file from being looked at', async (t) => {
  const { path, folder } = await filled(t)
  const risks = async (file = path): Promise<string[]> => (await examineFile(file, SMALL)).risks
  t.strictSame(await examineFile(`${path}.none`), { risks: ['SQLITE_MISSING'] })
  t.notOk(readdirSync(folder).includes('sessions.db.none'), 'nothing was made')
  writeFileSync(`${path}.empty`, '')
  t.strictSame(await risks(`${path}.empty`), ['SQLITE_MISSING'])
  symlinkSync(path, `${path}.link`)
  t.strictSame(await risks(`${path}.link`), ['SQLITE_PATH'])
  mkdirSync(`${folder}/inner`)
  t.strictSame(await risks(`${folder}/inner`), ['SQLITE_PATH'])
  writeFileSync(`${path}-open`, '')
  rmSync(`${path}-wal`, { force: true })
  t.strictSame(await risks(), ['SQLITE_WAL_MISSING'])
  rmSync(`${path}-open`)
  t.strictSame(await risks(), [])
  chmodSync(folder, 0o755)
  t.strictSame(await risks(), ['SQLITE_EXPOSED'])
})

t.test('a file of another application, of a newer version, and one without tables', async (t) => {
  const { path } = await filled(t)
  execute(path, 'PRAGMA user_version = 99')
  t.match(await examineFile(path, SMALL), { risks: ['SQLITE_NEWER'], engine: undefined })
  execute(path, 'PRAGMA application_id = 1')
  t.match(await examineFile(path, SMALL), { risks: ['SQLITE_FOREIGN'] })
  const bare = makeFolder()
  t.teardown(bare.remove)
  execute(bare.path, 'CREATE TABLE a (b); DROP TABLE a')
  t.match(await examineFile(bare.path, SMALL), { risks: ['SQLITE_READABLE', 'SQLITE_MISSING'] })
})

t.test('a file that is no database, and one with a damaged page', async (t) => {
  const { path } = await filled(t)
  const whole = readFileSync(path)
  const damaged = Buffer.from(whole).fill(0xff, 4096)
  writeFileSync(path, damaged)
  t.match(await examineFile(path, SMALL), { risks: ['SQLITE_DAMAGED'] })
  writeFileSync(path, Buffer.alloc(8192, 'no database'))
  t.match(await examineFile(path, SMALL), { risks: ['SQLITE_DAMAGED'], engine: undefined })
  t.same(readFileSync(path), Buffer.alloc(8192, 'no database'), 'it stays as it is')
})

t.test('an index that does not fit its table, which a quick look does not see', async (t) => {
  const { path } = await filled(t)
  alter(path, keyOf(1), keyOf(7))
  t.match(await examineFile(path, SMALL), { risks: ['SQLITE_DAMAGED'], bodies: undefined })
  t.strictSame((await examineFile(path, { ...SMALL, quick: true })).risks, [])
})

t.test('a body whose checksum is wrong, which a quick look does not see', async (t) => {
  for (const text of ['body 1', 'event two']) {
    const { path } = await filled(t)
    alter(path, text, text.toUpperCase())
    t.match(await examineFile(path, SMALL), { risks: ['SQLITE_DAMAGED_BODY'], bodies: 4 }, text)
    t.match(await examineFile(path, { ...SMALL, quick: true }), { risks: [], bodies: undefined })
  }
})

t.test('a file that others may read, a full one, a small disk, and a long -wal file', async (t) => {
  const { path } = await filled(t)
  const { usedBytes = 0 } = await examineFile(path, SMALL)
  const nearly = await examineFile(path, { maxBytes: Math.floor(usedBytes / 0.9) })
  t.strictSame(nearly.risks, ['SQLITE_NEARLY_FULL'])
  t.strictSame((await examineFile(path, { maxBytes: Math.ceil(usedBytes / 0.89) })).risks, [])
  t.strictSame((await examineFile(path, { maxBytes: 2 ** 60 })).risks, ['SQLITE_LITTLE_SPACE'])
  t.strictSame((await examineFile(path, { maxBytes: Infinity })).risks, [])
  chmodSync(path, 0o644)
  writeFileSync(`${path}-wal`, '')
  truncateSync(`${path}-wal`, 80 * 2 ** 20 + 1)
  t.strictSame((await examineFile(path, SMALL)).risks, ['SQLITE_READABLE', 'SQLITE_LONG_WAL'])
})

t.test('a failure that is no risk stays one', async (t) => {
  t.throws(() => riskOf(new HoldfastError('HOLDFAST_BACKEND_FULL')), { code: 'HOLDFAST_BACKEND_FULL' })
  await t.rejects(inThread('./errors.js', undefined), { code: 'SQLITE_FAILED' }, 'a thread without an answer')
  await t.rejects(inThread('./there-is-none.js', undefined), { code: 'SQLITE_FAILED', message: /^SQLite/ })
  for (const [code, message] of Object.entries(SQLITE_RISKS)) t.match(message, /^[A-Z-].*\.$/, code)
})
