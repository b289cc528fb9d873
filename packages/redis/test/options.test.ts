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
    ['prefix', { connection, prefix: '' }],
    ['prefix', { connection, prefix: 'a{b}:' }],
    ['commandTimeout', { connection, commandTimeout: 0 }],
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

t.test('warnings are the process\'s where nobody else wants them', async (t) => {
  const warned = once(process, 'warning')
  readOptions({ connection }).onWarning(new Error('told'))
  t.match(await warned, [{ message: 'told' }])
})

t.test('the README lists every option with its default', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const [, cell] = new RegExp(`^\\| \`${name}\` \\| (.*?) \\|`, 'm').exec(readme) ?? []
    const told = typeof value === 'number' && cell?.endsWith(' MiB')
      ? Number(cell.slice(0, -4)) * 2 ** 20
      : cell?.replaceAll(/[,`']/g, '')
    t.equal(String(told), String(value), name)
  }
})
