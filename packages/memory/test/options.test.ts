import { readFileSync } from 'node:fs'
import t from 'tap'
import { InvalidOptionError } from '@holdfast/core'
import { type MemoryOptions, memory } from '../src/index.js'
import { DEFAULTS } from '../src/options.js'

t.test('a wrong option is refused at once, with its path', async (t) => {
  const wrong: Array<[string, unknown]> = [
    ['maxBytes', 0], ['maxBytes', '1 MB'], ['maxEntries', 1.5], ['maxStreams', -1], ['maxTombstones', NaN],
    ['maxStreamBytes', null], ['now', 5], ['maxbytes', 100]
  ]
  for (const [path, value] of wrong) {
    t.throws(() => memory({ [path]: value } as MemoryOptions), { name: 'InvalidOptionError', path }, `${path}: ${value}`)
  }
  t.throws(() => memory({ maxBytes: 0 }), InvalidOptionError)
})

t.test('a bound may be infinite, and what is not given has its default', async (t) => {
  t.doesNotThrow(() => memory())
  const { records } = memory({ maxBytes: Infinity, maxEntries: undefined } as unknown as MemoryOptions)
  t.equal(await records.count(), 0)
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
