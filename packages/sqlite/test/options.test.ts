import { statSync } from 'node:fs'
import t from 'tap'
import { sqlite } from '../dist/index.js'
import type { SqliteOptions } from '../dist/options.js'
import { readOptions } from '../dist/options.js'
import { create, draft, open, place } from './fixtures/given.js'

const path = '/nowhere/sessions.db'

t.test('a wrong value names its option', async (t) => {
  const wrong: Array<[string, object]> = [
    ['path', {}], ['path', { path: undefined }], ['path', { path: '' }], ['path', { path: ':memory:' }],
    ['path', { path: 'redis://127.0.0.1' }], ['path', { path: 'file:/x.db' }], ['path', { path: 'a\0b' }],
    ['path', { path: new URL('file:///x.db') }], ['durability', { path, durability: 'maybe' }],
    ['touchDelay', { path, touchDelay: '0s' }],
    ['touchDelay', { path, touchDelay: '25d' }], ['maxBytes', { path, maxBytes: 1000 }],
    ['cacheBytes', { path, cacheBytes: 0 }], ['maxEntries', { path, maxEntries: 1.5 }],
    ['maxStreamBytes', { path, maxStreamBytes: '1' }], ['maxStreams', { path, maxStreams: -1 }],
    ['maxTombstones', { path, maxTombstones: NaN }], ['onWarning', { path, onWarning: true }],
    ['now', { path, now: 1 }], ['file', { path, file: 'x' }]
  ]
  for (const [name, options] of wrong) {
    t.throws(() => sqlite(options as SqliteOptions), { code: 'HOLDFAST_INVALID_OPTION', path: name }, name)
  }
})

t.test('defaults, and a path of Windows', async (t) => {
  t.match(readOptions({ path }), { path, durability: 'power', touchDelay: 1000, maxBytes: 2 ** 32 })
  const unset = { path, maxBytes: undefined, touchDelay: '2s' } as never
  t.match(readOptions(unset), { maxBytes: 2 ** 32, touchDelay: 2000 })
  t.match(readOptions({ path: 'C:\\data\\x.db' }).path, 'C:')
})

t.test('a warning without a function for it is a warning of the process', async (t) => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  readOptions({ path }).onWarning(new Error('look here'))
  t.equal((await warned).message, 'look here')
})

t.test('a function for warnings that throws is a warning of the process, and breaks nothing', async (t) => {
  for (const thrown of [new Error('its own'), 'a text']) {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const { onWarning } = readOptions({ path, onWarning () { throw thrown } })
    t.doesNotThrow(() => { onWarning(new Error('look here')) })
    t.match(await warned, { message: thrown instanceof Error ? 'its own' : 'onWarning threw' })
  }
})

t.test('everything may be unlimited', async (t) => {
  const options = { maxBytes: Infinity, cacheBytes: Infinity, maxEntries: Infinity, maxStreamBytes: Infinity }
  const backend = open(t, { path: place(t).path, ...options })
  const key = await create(backend, { owner: 'owner' })
  t.equal(await backend.events.append({ key, name: 'a' }, [Buffer.alloc(10)]), 1)
  const limits = { maxRecords: Infinity, maxPerOwner: Infinity }
  t.equal(await backend.records.create(draft({ owner: 'owner' }), limits), 'created')
})

t.test('only the user can read the file and its folder', async (t) => {
  const { folder } = place(t)
  const file = `${folder}/new/sessions.db`
  await create(open(t, { path: file }))
  for (const name of [file, `${file}-wal`, `${file}-open`]) t.equal(statSync(name).mode & 0o777, 0o600, name)
  t.equal(statSync(`${folder}/new`).mode & 0o777, 0o700)
})
