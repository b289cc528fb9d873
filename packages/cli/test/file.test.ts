import { EventEmitter, once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { generateKey } from '@holdfast/envelope'
import { demandFile } from '../dist/file-place.js'
import { execute } from './fixtures/execute.js'
import { folder } from './fixtures/folder.js'
import { holdfast } from './fixtures/holdfast.js'
import { furnishedFile, inFile } from './fixtures/in-file.js'
import { start } from './fixtures/spawned.js'

const ADA = ['--subject', 'ada', '--issuer', 'https://id.example']

t.test('sessions are listed, shown and ended while a server has the file open', async (t) => {
  const { sessions, env } = await furnishedFile(t)
  t.match(await holdfast(['sessions', 'list', '--subject', 'bob'], env), { code: 0, out: / bob\n$/, err: '' })
  const [listed = ''] = (await holdfast(['sessions', 'list', '--json', '--limit', '1', ...ADA], env)).out.split('\n')
  const { key } = JSON.parse(listed)
  t.match(await holdfast(['sessions', 'show', '--json', '--', key], env), { code: 0, out: /"readable":true/ })
  t.match(await holdfast(['sessions', 'terminate', '--yes', '--', key], env), { code: 0, out: 'terminated 1\n' })
  t.equal(await sessions.get({ key }), undefined, 'the server sees it at once')
  t.match(await holdfast(['sessions', 'revoke', ...ADA, '--yes'], env), {
    code: 0, out: 'terminated 2\n'
  })
  t.equal(await sessions.count(), 1)
})

t.test('a process of its own does the same, and the file may be closed', async (t) => {
  const { path, close, sessions, env: { HOLDFAST_KEYS } } = await furnishedFile(t)
  const list = ['sessions', 'list', '--sqlite', path, '--json']
  t.match(await start(list, { HOLDFAST_KEYS }).ended, { code: 0, out: /^(\{.*\}\n){4}$/, err: '' })
  t.equal(await sessions.count(), 4)
  await close()
  t.match(await start(list, { HOLDFAST_KEYS }).ended, { code: 0, out: /^(\{.*\}\n){4}$/, err: '' })
})

t.test('everything is resealed, exported and restored', async (t) => {
  const { env } = await furnishedFile(t)
  const rotated = { ...env, HOLDFAST_KEYS: `${generateKey('k2')},${env.HOLDFAST_KEYS}` }
  t.match(await holdfast(['keys', 'rotate'], rotated), { code: 0, out: /^resealed 4.*\nkeys in use: k2 \d+\n$/ })
  const snapshot = join(folder(t), 'snapshot')
  t.match(await holdfast(['export', snapshot], rotated), { code: 0, out: /^exported 4/ })
  const other = inFile(t, rotated.HOLDFAST_KEYS)
  t.match(await holdfast(['restore', snapshot], other.env), { code: 0, out: /^restored 4/ })
  t.equal(await other.sessions.count(), 4)
})

t.test('the server hears of the end', async (t) => {
  const { backend, env } = await furnishedFile(t)
  const messages = new EventEmitter()
  const heard = once(messages, 'message')
  await backend.bus.subscribe('mcp:fleet', () => { messages.emit('message') })
  const revoke = ['sessions', 'revoke', '--yes', '--subject', 'bob']
  t.match(await start(revoke, env).ended, { code: 0, out: 'terminated 1\n', err: '' })
  await heard
})

t.test('a command says when it cannot reach another process', async (t) => {
  const { backend, env, path } = await furnishedFile(t)
  await backend.ping()
  execute(path, "INSERT INTO listeners VALUES ('mcp:fleet', '/dev/null/none', 1)")
  t.match(await holdfast(['sessions', 'revoke', '--yes', '--subject', 'bob'], env), {
    code: 0, out: 'terminated 1\n', err: /^holdfast: warning: Another process[^\n]*\n$/
  })
})

t.test('a file that does not exist is never made', async (t) => {
  const dir = folder(t)
  const env = { HOLDFAST_KEYS: generateKey() }
  for (const path of [join(dir, 'typo.db'), join(dir, 'none', 'x.db')]) {
    const copies = [['backup', join(dir, 'copy')], ['migrate', `sqlite:${join(dir, 'to.db')}`]]
    for (const args of [['sessions', 'list'], ...copies]) {
      t.match(await holdfast([...args, '--sqlite', path], env), { code: 1, out: '', err: `There is no file ${path}.` })
    }
    t.match(await holdfast(['doctor', '--sqlite', path], env), { code: 1, out: /failed +file +There is no file/ })
    t.notOk(existsSync(path))
  }
  t.notOk(existsSync(join(dir, 'to.db')), 'a target is made only for a source')
  writeFileSync(join(dir, 'empty.db'), '')
  t.match(await holdfast(['sessions', 'list', '--sqlite', join(dir, 'empty.db')], env), { code: 1, err: /is empty/ })
  t.equal(readFileSync(join(dir, 'empty.db')).length, 0)
  t.match(await holdfast(['sessions', 'list', '--sqlite', dir], env), { code: 1, err: /no regular file|Other users/ })
})

t.test('the file of another user is left alone', async (t) => {
  const { path } = inFile(t)
  t.throws(() => { demandFile(path, 12_345) }, /belongs to another user/)
  t.doesNotThrow(() => { demandFile(path, undefined) })
  t.doesNotThrow(() => { demandFile(dirname(path), 12_345) }, 'a folder has an error of its own')
})

t.test('a file that cannot be opened is said so once, and stays as it is', async (t) => {
  const { path, env, close } = await furnishedFile(t)
  await close()
  writeFileSync(path, Buffer.alloc(8192, 'no database'))
  const { code, out, err } = await holdfast(['sessions', 'list'], env)
  t.match({ code, out }, { code: 1, out: '' })
  t.match(err, /^holdfast: The file is damaged[^\n]*\n$/)
  t.same(readFileSync(path), Buffer.alloc(8192, 'no database'))
  chmodSync(dirname(path), 0o755)
  t.match(await holdfast(['sessions', 'list'], env), { code: 1, err: /^holdfast: Other users can read the folder/ })
})

t.test('places that contradict each other, and values that are none, end with 2', async (t) => {
  const { path, env } = inFile(t)
  const both = { ...env, REDIS_URL: 'redis://user:SECRET@127.0.0.1:1' }
  const list = ['sessions', 'list']
  t.match(await holdfast(list, both), { code: 2, err: /both set/ })
  t.match(await holdfast([...list, '--sqlite', path], both), { code: 0 }, 'an option wins')
  t.match(await holdfast([...list, '--sqlite', path, '--redis', 'redis://x'], env), { code: 2, err: /either/ })
  t.match(await holdfast([...list, '--prefix', 'x:'], env), { code: 2, err: /for Redis only/ })
  t.match(await holdfast([...list, '--master', 'main', '--sqlite', path], env), { code: 2, err: /for Redis only/ })
  t.match(await holdfast(['doctor', '--max-bytes', '4 GiB'], env), { code: 2, err: /whole number of bytes/ })
  for (const [args, variables] of [
    [[...list, '--sqlite', 'redis://user:SECRET@host'], {}],
    [['doctor'], { HOLDFAST_SQLITE: 'file://user:SECRET@host/x' }]
  ] as const) {
    const { code, out, err } = await holdfast(args, { HOLDFAST_KEYS: generateKey(), ...variables })
    t.match({ code, err }, { code: 2, err: /expected the path of a file/ })
    t.notMatch(out + err, /SECRET/)
  }
})
