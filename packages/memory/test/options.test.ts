import { readFileSync } from 'node:fs'
import t from 'tap'
import { InvalidOptionError } from '@holdfast/core'
import { type MemoryOptions, memory } from '../dist/index.js'
import { DEFAULTS } from '../dist/options.js'

t.test('a wrong option is refused at once, with its path', async (t) => {
  const wrong: Array<[string, unknown]> = [
    ['maxBytes', 0], ['maxBytes', '1 MB'], ['maxEntries', 1.5], ['maxStreams', -1], ['maxTombstones', NaN],
    ['maxStreamBytes', null], ['now', 5], ['maxbytes', 100]
  ]
  for (const [path, value] of wrong) {
    const options = { [path]: value } as MemoryOptions
    t.throws(() => memory(options), { name: 'InvalidOptionError', path }, `${path}: ${value}`)
  }
  t.throws(() => memory({ maxBytes: 0 }), InvalidOptionError)
})

t.test('a bound may be infinite, and an option that is not given has its default', async (t) => {
  t.doesNotThrow(() => memory())
  const { records } = memory({ maxBytes: Infinity, maxEntries: undefined } as unknown as MemoryOptions)
  t.equal(await records.count(), 0)
})

t.test('a wall clock that jumps forward and back loses nothing', async (t) => {
  const { now } = Date
  let [jump, made] = [0, 0]
  t.intercept(Date, 'now', { value: () => now() + jump })
  const { records } = memory()
  const limits = { maxRecords: 9, maxPerOwner: 9 }
  const draft = { owner: '', idle: 60_000, absolute: 120_000, body: Buffer.alloc(1) }
  await records.create({ ...draft, key: 'tag.before' }, limits)
  for (jump of [3_600_000, -3_600_000]) {
    t.strictSame(await records.claimExpired(9), { records: [], more: false })
    await records.create({ ...draft, key: `tag.${++made}` }, limits)
    t.ok(await records.touch('tag.before', 1))
    jump = 0
    t.strictSame(await records.claimExpired(9), { records: [], more: false })
    for (const key of ['tag.before', `tag.${made}`]) t.ok(await records.read(key), key)
  }
})

t.test('it says that it is neither shared nor durable', async (t) => {
  const { shared, durable } = memory()
  t.strictSame({ shared, durable }, { shared: false, durable: false })
})

t.test('the README lists every bound with its default', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const rows = Array.from(readme.matchAll(/^\| `(max\w+)` \| ([\d,]+)( MiB)? \|/gm), ([, name, amount = '', unit]) =>
    [name, Number(amount.replaceAll(',', '')) * (unit === undefined ? 1 : 2 ** 20)])
  t.strictSame(Object.fromEntries(rows), DEFAULTS)
})

t.test('the clock does not jump when the wall clock does', async t => {
  const { records } = memory()
  const limits = { maxRecords: 10, maxPerOwner: 10 }
  const draft = { key: 'tag.key', owner: '', idle: 60_000, absolute: 120_000, body: Buffer.alloc(1) }
  await records.create(draft, limits)
  const wall = Date.now()
  t.intercept(Date, 'now', { value: () => wall + 3_600_000 })
  t.ok(await records.read(draft.key))
  t.equal((await records.claimExpired(10)).records.length, 0)
  t.ok(Math.abs((await records.read(draft.key))!.createdAt - wall) < 5_000)
})
