import { readFileSync } from 'node:fs'
import t from 'tap'
import { Keyring, generateKey } from '@holdfast/envelope'
import { holdfast } from './fixtures/holdfast.js'

const COMMANDS = [
  'keys generate', 'keys rotate', 'sessions list', 'sessions show', 'sessions terminate', 'sessions revoke', 'export',
  'restore', 'backup', 'migrate', 'doctor'
]

t.test('an unknown command or option ends with 2 and shows the nearest', async (t) => {
  t.match(await holdfast(['sesions', 'list']), {
    code: 2, out: '', err: /unknown command 'sesions'\n\(Did you mean sessions\?\)/
  })
  t.match(await holdfast(['sessions', 'lst']), { code: 2, err: /Did you mean list\?/ })
  t.match(await holdfast(['doctor', '--jsn']), { code: 2, err: /unknown option '--jsn'\n\(Did you mean --json\?\)/ })
  t.match(await holdfast([]), { code: 2, err: /Usage: holdfast/ })
  t.match(await holdfast(['restore']), { code: 2, err: /missing required argument 'file'/ })
})

t.test('values that make no sense end with 2', async (t) => {
  const env = { HOLDFAST_KEYS: generateKey(), REDIS_URL: 'redis://127.0.0.1:1' }
  for (const args of [
    ['sessions', 'list', '--limit', '0'], ['sessions', 'list', '--idle', 'soon'], ['sessions', 'list', '--issuer', 'x'],
    ['sessions', 'revoke'],
    ['sessions', 'list', '--owner', 'x'], ['sessions', 'list', '--owner', 'x'.repeat(43), '--subject', 'x'],
    ['sessions', 'list', '--redis', 'http://127.0.0.1'], ['sessions', 'list', '--prefix', '{}'],
    ['doctor', '--redis', 'http://127.0.0.1'],
    ['sessions', 'list', '--redis', 'redis://a,,redis://b'], ['migrate'], ['migrate', 'nowhere'],
    ['migrate', 'redis://127.0.0.1:1', '--batch-size', '-1'], ['keys', 'generate', '--id', 'not an id']
  ]) t.match(await holdfast(args, env), { code: 2, out: '', err: /./ }, args.join(' '))
  t.match(await holdfast(['export', 'file'], { HOLDFAST_KEYS: generateKey() }), { code: 2, err: /REDIS_URL/ })
})

t.test('a URL that does not belong where it was typed keeps its password', async (t) => {
  const url = 'redis://user:SECRET@127.0.0.1:1'
  const env = { HOLDFAST_KEYS: generateKey() }
  for (const args of [
    [url], ['sessions', url], ['doctor', `--${url}`], ['sessions', 'list', '--limit', url],
    ['sessions', 'list', '--redis', `x${url}`]
  ]) {
    const { code, out, err } = await holdfast(args, env)
    t.equal(code, 2, args.join(' '))
    t.notMatch(out + err, /SECRET/)
  }
})

t.test('every command has help with an example, which the README repeats, and it is no failure', async (t) => {
  t.match(await holdfast(['--help']), { code: 0, out: /Exit codes[^]*Examples:\n {2}holdfast/, err: '' })
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  t.match(await holdfast(['--version']), { code: 0, out: `${version}\n` })
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const command of COMMANDS) {
    const { code, out, err } = await holdfast([...command.split(' '), '--help'])
    t.match({ code, err }, { code: 0, err: '' })
    t.match(out, /Examples?:\n.*holdfast/, command)
    t.ok(readme.includes(`holdfast ${command}`), command)
    for (const [option] of out.matchAll(/^ {2}--[\w-]+/gm)) {
      t.ok(readme.includes(option.trim()), `${command} ${option.trim()}`)
    }
  }
})

t.test('a key is made, and a keyring takes it', async (t) => {
  const plain = await holdfast(['keys', 'generate'])
  t.equal(plain.code, 0)
  t.match(new Keyring(plain.out.trim()).active, /^\d{8}-[0-9a-f]{4}$/)
  const json = JSON.parse((await holdfast(['keys', 'generate', '--id', 'k7', '--json'])).out)
  t.equal(json.id, 'k7')
  t.equal(new Keyring(json.key).active, 'k7')
})

t.test('without keys, and with malformed keys, a command says so', async (t) => {
  for (const args of [
    ['sessions', 'list'], ['sessions', 'revoke', '--subject', 'a', '--yes'], ['export', 'file'], ['keys', 'rotate'],
    ['doctor']
  ]) {
    for (const env of [{}, { HOLDFAST_KEYS: '' }]) {
      const ended = await holdfast([...args, '--json'], env)
      t.equal(ended.code, 1, args.join(' '))
      t.match(ended.out + ended.err, /HOLDFAST_KEYS is not set/)
    }
    const bad = await holdfast(args, { HOLDFAST_KEYS: 'k1:SECRET' })
    t.equal(bad.code, 1)
    t.match(bad.out + bad.err, /HOLDFAST_KEYS: keys\[0\]\.key/)
    t.notMatch(bad.out + bad.err, /SECRET/)
  }
})

t.test('a Redis that is down ends with 1', async (t) => {
  const env = { HOLDFAST_KEYS: generateKey(), REDIS_URL: 'redis://user:SECRET@127.0.0.1:1' }
  const commands = [
    ['sessions', 'list'], ['doctor'], ['migrate', 'redis://user:SECRET@127.0.0.1:2'], ['keys', 'rotate', '--json']
  ]
  const began = performance.now()
  const ended = await Promise.all(commands.map(async args => await holdfast(args, env)))
  t.ok(performance.now() - began < 10_000, 'soon')
  for (const { code, out, err } of ended) {
    t.equal(code, 1)
    t.match(out + err, /There is no connection to Redis/)
    t.notMatch(out + err, /SECRET/)
  }
})
