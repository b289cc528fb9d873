import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import t from 'tap'
import { redis } from '../dist/index.js'
import { DEFAULTS, readOptions } from '../dist/options.js'

const connection = { lazyConnect: true }

t.test('a wrong option is refused at once, and named', async (t) => {
  const wrong: Array<[path: string, options: object]> = [
    ['client', {}],
    ['client', { client: {} }],
    ['client', { client: null }],
    ['client', { client: new Redis(connection), url: 'redis://127.0.0.1' }],
    ['url', { url: 'http://127.0.0.1' }],
    ['url', { url: 'redis://:secret@here:port' }],
    ['url', { url: [] }],
    ['url', { url: ['redis://127.0.0.1', 'http://127.0.0.1'] }],
    ['connection', { connection: null }],
    ['master', { url: 'redis://127.0.0.1', master: '' }],
    ['master', { connection, master: 'main' }],
    ['prefix', { connection, prefix: '' }],
    ['prefix', { connection, prefix: 'a{b}:' }],
    ['commandTimeout', { connection, commandTimeout: 0 }],
    ['commandTimeout', { connection, commandTimeout: 0.5 }],
    ['commandTimeout', { connection, commandTimeout: null }],
    ['commandTimeout', { connection, commandTimeout: 'soon' }],
    ['commandTimeout', { connection, commandTimeout: '0s' }],
    ['maxEntries', { connection, maxEntries: 1.5 }],
    ['onWarning', { connection, onWarning: true }],
    ['ownerTag', { connection, ownerTag: 'tag' }],
    ['hosts', { connection, hosts: [] }]
  ]
  for (const [path, options] of wrong) t.throws(() => redis(options), { name: 'InvalidOptionError', path }, path)
})

t.test('an option that is undefined takes its default', async (t) => {
  const backend = redis({ connection, prefix: undefined } as object)
  t.ok(backend.shared && backend.durable)
  await backend.close()
})

t.test('a time span is a number of milliseconds or a duration', async (t) => {
  for (const [commandTimeout, ms] of [[250, 250], ['250ms', 250], ['2s', 2_000], ['1m', 60_000]] as const) {
    t.equal(readOptions({ connection, commandTimeout }).commandTimeout, ms)
  }
  t.equal(readOptions({ connection }).commandTimeout, 500)
  t.equal(readOptions({ connection, commandTimeout: undefined } as object).commandTimeout, 500)
})

t.test('an option that names a Redis must have a value, also beside others', async (t) => {
  const client = new Redis(connection)
  const unset: Array<[path: string, options: object]> = [
    ['url', { url: process.env.NO_SUCH_VARIABLE }],
    ['url', { url: undefined, connection }],
    ['url', { url: undefined, client }],
    ['client', { client: undefined }],
    ['client', { client: undefined, url: 'redis://127.0.0.1' }],
    ['connection', { connection: undefined }],
    ['connection', { connection: undefined, url: 'redis://127.0.0.1' }]
  ]
  for (const [path, options] of unset) {
    t.throws(() => redis(options), {
      name: 'InvalidOptionError',
      path,
      message: `${path}: has no value; perhaps a variable of the environment is not set`
    }, `${path} of ${Object.keys(options).join(' and ')}`)
  }
})

t.test('without an option onWarning, warnings are process warnings', async (t) => {
  const warned = once(process, 'warning')
  readOptions({ connection }).onWarning(new Error('a warning'))
  t.match(await warned, [{ message: 'a warning' }])
})

t.test('the README lists every option with its default', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const [, cell] = new RegExp(`^\\| \`${name}\` \\| (.*?) \\|`, 'm').exec(readme) ?? []
    const stated = typeof value === 'number' && cell?.endsWith(' MiB')
      ? Number(cell.slice(0, -4)) * 2 ** 20
      : cell?.replaceAll(/[,`']/g, '')
    t.equal(String(stated), String(value), name)
  }
})
