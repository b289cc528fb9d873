import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { RedisServer } from '@holdfast/real-redis'
import { corner, crowd, furnished } from './fixtures/furnished.js'
import { folder } from './fixtures/folder.js'
import { holdfast } from './fixtures/holdfast.js'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })
const { url } = server
t.jobs = 4

t.test('a snapshot is written, examined and restored elsewhere', { buffered: true }, async (t) => {
  const { ids, env } = await furnished(t, url)
  const { env: there } = corner(t, url, env.HOLDFAST_KEYS)
  const path = join(folder(t), 'snapshot')
  t.match(await holdfast(['restore', path], there), { code: 1, out: '', err: /no such file. Nothing was changed/ })
  t.match(await holdfast(['export', path], env), {
    code: 0, out: /^exported 4, bytes \d+\n$/, err: 'exported: 4 of 4\n'
  })
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.notOk(ids.some(id => readFileSync(path, 'utf8').includes(id)))
  t.match(await holdfast(['restore', path, '--json'], there), {
    code: 0, out: /"restored":4/, err: /bytes read: (\d+) of \1/
  })
  t.match(await holdfast(['restore', path], there), { code: 0, out: /restored 0, expired 0, duplicate 4/ })
  t.match(await holdfast(['sessions', 'list', '--subject', 'bob'], there), { code: 0, out: / bob\n/ })
})

t.test('a file is replaced once that is confirmed, and on a terminal a bar is shown', { buffered: true }, async (t) => {
  const { env } = await furnished(t, url)
  const path = join(folder(t), 'snapshot')
  writeFileSync(path, 'mine')
  t.match(await holdfast(['export', path], env), { code: 2, out: '', err: /Replace the existing file.*--yes/ })
  t.match(await holdfast(['export', path], env, { typed: 'n\n' }), { code: 1, out: '', err: /Nothing was changed/ })
  t.equal(readFileSync(path, 'utf8'), 'mine')
  t.match(await holdfast(['export', path], env, { typed: 'y\n' }), {
    code: 0, out: /^exported 4/, err: /exported [█░]+ 4 of 4/
  })
})

t.test('garbage, a damaged line and another namespace are reported, and leave nothing behind', {
  buffered: true
}, async (t) => {
  const { env } = await furnished(t, url)
  const { sessions, env: there } = corner(t, url, env.HOLDFAST_KEYS)
  const dir = folder(t)
  const path = join(dir, 'snapshot')
  await holdfast(['export', path], env)
  const good = readFileSync(path, 'utf8')
  t.match(await holdfast(['restore', path, '--namespace', 'other'], there), {
    code: 1, out: /line 1: a snapshot of another namespace/
  })
  for (const garbage of ['garbage\n', '', '\0'.repeat(1_000), '{"holdfast":1}\n'.repeat(3), 'garbage\n'.repeat(50)]) {
    writeFileSync(path, garbage)
    t.match(
      await holdfast(['restore', path], there),
      { code: 1, out: /restored 0,.*invalid \d+\nline 1: (not a Holdfast snapshot|empty)\n/ },
      JSON.stringify(garbage.slice(0, 20))
    )
    t.match(await holdfast(['doctor', '--snapshot', path], { HOLDFAST_KEYS: env.HOLDFAST_KEYS }), {
      code: 1, out: /failed +snapshot +0 sessions can be opened.*line 1/
    })
  }
  t.match((await holdfast(['restore', path], there)).out, /invalid 50\n(line.*\n){10}and 40 more: see --json\n$/)
  t.equal(await sessions.count(), 0)
  writeFileSync(path, good.replace(/^(.*\n)(.)/, '$1x'))
  t.match(await holdfast(['restore', path], there), { code: 1, out: /restored 3,[^]*line 2: / })
  t.strictSame(readdirSync(dir), ['snapshot'])
})

t.test('keys that do not fit change nothing', { buffered: true }, async (t) => {
  const { env } = await furnished(t, url)
  const { sessions: elsewhere, env: empty } = corner(t, url)
  const dir = folder(t)
  const path = join(dir, 'snapshot')
  await holdfast(['export', path], env)
  const before = readFileSync(path)
  t.match(await holdfast(['restore', path], empty), { code: 1, out: '', err: /do not open this snapshot/ })
  const wrong = { ...env, HOLDFAST_KEYS: generateKey('k1') }
  for (const args of [['export', path, '--yes'], ['restore', path]]) {
    t.match(await holdfast(args, wrong), { code: 1, out: '', err: /open none of the 4 sessions/ }, args.join(' '))
  }
  t.match(await holdfast(['export', path, '--yes'], empty), {
    code: 1, out: '', err: /cannot be opened with these keys, so it was not overwritten/
  })
  t.equal(await elsewhere.count(), 0)
  t.strictSame(readFileSync(path), before)
  t.strictSame(readdirSync(dir), ['snapshot'])
})

t.test('the doctor opens every session of a snapshot', { buffered: true }, async (t) => {
  const { env } = await furnished(t, url)
  const path = join(folder(t), 'snapshot')
  await holdfast(['export', path], env)
  const doctor = async (keys: string) => await holdfast(['doctor', '--snapshot', path], { HOLDFAST_KEYS: keys })
  t.match(await doctor(env.HOLDFAST_KEYS), {
    code: 0, out: /^ok +keys.*\nok +snapshot +4 sessions can be opened, 0 have expired\n$/
  })
  t.match(await doctor(''), { code: 1, out: /failed +snapshot +cannot be read without keys/ })
  t.match(await doctor(generateKey('k1')), { code: 1, out: /failed +snapshot .*sealed with a key that is not here/ })
  chmodSync(path, 0o644)
  t.match(await doctor(env.HOLDFAST_KEYS), { code: 0, out: /warning +snapshot .*other users/ })
  t.match(await holdfast(['doctor', '--snapshot', `${path}.none`], env), {
    code: 1, out: /failed +snapshot +there is no such file/
  })
  t.match(await holdfast(['doctor', '--snapshot', folder(t)], env), { code: 1, out: /failed +snapshot .*EISDIR/ })

  const [one, two] = [env.HOLDFAST_KEYS, generateKey('k2')]
  await holdfast(['export', path, '--yes'], { ...env, HOLDFAST_KEYS: `${two},${one}` })
  t.match(await doctor(two), { code: 1, out: /failed +snapshot .*4 do not open with these keys/ })
})

t.test('an interrupted command leaves no partial file, and continues when it is run again', {
  buffered: true
}, async (t) => {
  const { sessions, env } = corner(t, url)
  const { env: there } = corner(t, url, env.HOLDFAST_KEYS)
  await crowd(sessions, 300)
  const dir = folder(t)
  const path = join(dir, 'snapshot')
  const interrupt = (err: string) => / 0 of/.test(err)
  t.match(await holdfast(['export', path], env, { typed: '', interrupt }), {
    code: 1, out: '', err: /The command was interrupted/
  })
  t.strictSame(readdirSync(dir), [])
  t.match(await holdfast(['export', path], env), { code: 0, out: /^exported 300/ })
  t.match(await holdfast(['restore', path], there, { typed: '', interrupt }), {
    code: 1, out: '', err: /The command was interrupted/
  })
  const { restored, duplicate } = JSON.parse((await holdfast(['restore', path, '--json'], there)).out)
  t.ok(restored > 0, `${restored}`)
  t.equal(restored + duplicate, 300)
  const listed = (await holdfast(['sessions', 'list', '--json'], there)).out.split('\n').filter(Boolean).map(
    line => JSON.parse(line).key
  )
  t.equal(new Set(listed).size, 300)
  t.equal(listed.length, 300, 'each once')
})

t.test('a folder that does not exist, and a path that is not a file', { buffered: true }, async (t) => {
  const { env } = await furnished(t, url)
  const dir = folder(t)
  t.match(await holdfast(['export', join(dir, 'none', 'snapshot')], env), {
    code: 1, out: '', err: /could not be written.*ENOENT/
  })
  t.match(await holdfast(['restore', dir], env), { code: 1, out: '', err: /could not be written or read.*EISDIR/ })
  writeFileSync(join(dir, 'file'), '')
  t.match(await holdfast(['restore', join(dir, 'file', 'snapshot')], env), { code: 1, out: '', err: /ENOTDIR/ })
})
