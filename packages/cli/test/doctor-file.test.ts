import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { bytes } from '../dist/bytes.js'
import { judgeAll } from '../dist/file-check.js'
import { execute } from './fixtures/execute.js'
import { holdfast } from './fixtures/holdfast.js'
import { furnishedFile, inFile } from './fixtures/in-file.js'
import { start } from './fixtures/spawned.js'

/** `maxBytes` for which every disk has room. */
const SMALL = ['--max-bytes', '67108864']

t.test('a file that is as it should be, while a server uses it and afterwards', async (t) => {
  const { env, close } = await furnishedFile(t)
  const all = new RegExp([
    'ok +keys +k1 seals\\nok +file place', 'ok +file space',
    'ok +file wal[^\\n]*a process has the file open, or was killed', 'ok +file engine +SQLite 3\\.',
    'ok +file schema +version 1', 'ok +file integrity +whole, with 8 bodies', 'ok +clock', 'ok +sessions +4 of 4'
  ].join('[^]*'))
  t.match(await holdfast(['doctor', ...SMALL], env), { code: 0, out: all, err: /--quick/ })
  await close()
  const { out, code, err } = await start(['doctor', '--quick', '--json', ...SMALL], env).ended
  t.match({ code, err }, { code: 0, err: '' })
  const { findings } = JSON.parse(out)
  t.ok(findings.every(({ state }: { state: string }) => state === 'ok'))
  t.match(findings.find(({ check }: { check: string }) => check === 'file integrity'), { message: /--quick/ })
  t.match(findings.find(({ check }: { check: string }) => check === 'file wal'), { message: /not marked as open/ })
})

t.test('a file that cannot be looked at says nothing of its place', async (t) => {
  const findings = judgeAll({ risks: ['SQLITE_UNWRITABLE'] })
  const states = Object.fromEntries(findings.map(({ check, state }) => [check, state]))
  t.match(states, { 'file place': 'warning', 'file wal': 'warning', 'file integrity': 'failed' })
})

t.test('keys that do not open what is stored, none, and no sessions', async (t) => {
  const { path, env: { HOLDFAST_KEYS, ...env } } = await furnishedFile(t)
  t.match(await holdfast(['doctor'], { ...env, HOLDFAST_KEYS: generateKey('k9') }), {
    code: 1, out: /ok +file integrity[^]*failed +sessions +0 of 4/
  })
  const without = await holdfast(['doctor'], env)
  t.match(without, { code: 1, out: /failed +keys[^]*ok +file integrity/ })
  t.notMatch(without.out, /^\w+ +sessions/m)
  t.match(await holdfast(['doctor', '--sqlite', path], { HOLDFAST_KEYS }), { code: 0, out: /4 of 4/ })
  t.match(await holdfast(['doctor'], inFile(t).env), { code: 0, out: /ok +sessions +there are no sessions/ })
})

t.test('a damaged file: it says what to do, and nothing is written', async (t) => {
  const { path, env, close } = await furnishedFile(t)
  await close()
  const whole = readFileSync(path)
  const damaged = Buffer.from(whole).fill(0xff, 4096)
  writeFileSync(path, damaged)
  t.match(await holdfast(['doctor'], env), {
    code: 1,
    out: /failed +file integrity +The file is damaged[^\n]*Stop the servers[^\n]*backup[^\n]*\.recover/
  })
  t.match(await holdfast(['doctor'], env), { out: /warning +sessions +not checked/ })
  t.same(readFileSync(path), damaged)
  const header = Buffer.from(whole).fill(0, 0, 100)
  writeFileSync(path, header)
  t.match(await holdfast(['doctor'], env), {
    code: 1, out: /warning +file engine +not checked\nwarning +file schema +not checked\nfailed +file integrity/
  })
  t.same(readFileSync(path), header)
})

t.test('a file that a server would refuse', async (t) => {
  const { path, env, close } = await furnishedFile(t)
  await close()
  const none = ['space', 'wal', 'engine', 'schema', 'integrity'].map(name => `warning +file ${name} +not checked`)
  execute(path, 'PRAGMA user_version = 99')
  t.match(await holdfast(['doctor'], env), { code: 1, out: /failed +file schema +A newer version/ })
  execute(path, 'PRAGMA user_version = 1')
  chmodSync(path.slice(0, path.lastIndexOf('/')), 0o755)
  t.match(await holdfast(['doctor'], env), {
    code: 1,
    out: new RegExp(['failed +file place +Other users', ...none, 'warning +sessions +not checked'].join('[^]*'))
  })
  chmodSync(path.slice(0, path.lastIndexOf('/')), 0o700)
  writeFileSync(`${path}-open`, '')
  rmSync(`${path}-wal`, { force: true })
  t.match(await holdfast(['doctor'], env), { code: 1, out: /failed +file wal +The -wal file is missing[^\n]*-open/ })
})

t.test('a full file fails, a readable one and a small disk are warned of', async (t) => {
  const { path, env } = await furnishedFile(t)
  t.match(await holdfast(['doctor', '--max-bytes', '1000'], env), { code: 1, out: /failed +file space[^\n]*maxBytes/ })
  chmodSync(path, 0o644)
  t.match(await holdfast(['doctor', '--max-bytes', String(2 ** 52)], env), {
    code: 0, out: /warning +file place +Other users may read[^]*warning +file space +The disk/
  })
})

t.test('a clock that went another way than that of the machine is a warning', async (t) => {
  const { path, env, close } = await furnishedFile(t)
  await close()
  execute(path, 'UPDATE clock SET offset = offset + 60000')
  t.match(await holdfast(['doctor', ...SMALL], env), {
    code: 0, out: /warning +clock +the clock of the file is \d+ ms ahead/
  })
})

t.test('bytes are shown in the unit that fits', async (t) => {
  t.strictSame([0, 1, 1023, 1024, 1536, 5 * 2 ** 30, 2 ** 52].map(bytes), [
    '0 B', '1 B', '1023 B', '1 KiB', '1.5 KiB', '5 GiB', '4096 TiB'
  ])
})
