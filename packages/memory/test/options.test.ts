import t from 'tap'
import { InvalidOptionError } from '@holdfast/core'
import { type MemoryOptions, memory } from '../src/index.js'

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
  const { records } = memory({ maxBytes: Infinity, ...{ maxEntries: undefined } })
  t.equal(await records.count(), 0)
})

t.test('it says that it is neither shared nor durable', async (t) => {
  const { shared, durable } = memory()
  t.strictSame({ shared, durable }, { shared: false, durable: false })
})
