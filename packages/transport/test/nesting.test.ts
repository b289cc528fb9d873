import t from 'tap'
import { isTooDeep } from '../src/nesting.js'

const nested = (depth: number, open: string, inner: string, close: string): unknown => JSON.parse(open.repeat(depth) + inner + close.repeat(depth))

t.test('lists and objects nest up to 200 levels', async (t) => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['[0,', ',1]']] as const) {
    t.equal(isTooDeep(nested(200, open, '0', close)), false)
    t.equal(isTooDeep(nested(201, open, '0', close)), true)
    t.equal(isTooDeep(nested(20_000, open, '0', close)), true)
  }
  for (const value of [undefined, null, 0, '', 'x'.repeat(1_000), [], {}]) t.equal(isTooDeep(value), false)
})

t.test('a long list costs less to look at than to parse', async (t) => {
  const text = `[${'0,'.repeat(2_000_000)}0]`
  const parsing = performance.now()
  const list = JSON.parse(text)
  const looking = performance.now()
  t.equal(isTooDeep(list), false)
  const end = performance.now()
  t.ok(end - looking < looking - parsing, `${end - looking} ms, parsing ${looking - parsing} ms`)
})
