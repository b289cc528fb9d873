import t from 'tap'
import { isTooDeep } from '../dist/http/nesting.js'

const nested = (depth: number, open: string, inner: string, close: string): unknown =>
  JSON.parse(open.repeat(depth) + inner + close.repeat(depth))

t.test('lists and objects nest up to 200 levels', async (t) => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['[0,', ',1]']] as const) {
    t.equal(isTooDeep(nested(200, open, '0', close)), false)
    t.equal(isTooDeep(nested(201, open, '0', close)), true)
    t.equal(isTooDeep(nested(20_000, open, '0', close)), true)
  }
  for (const value of [undefined, null, 0, '', 'x'.repeat(1_000), [], {}]) t.equal(isTooDeep(value), false)
})

t.test('each element of a long list is looked at once, by index', async (t) => {
  let looks = 0
  const list = new Proxy(Array.from({ length: 1_000 }, () => 0), {
    get: (target, name) => {
      if (name !== 'length') looks++
      return Reflect.get(target, name) as unknown
    },
    ownKeys: () => { throw new Error('the names of a million elements would be a million strings') }
  })
  t.equal(isTooDeep(list), false)
  t.equal(looks, 1_000)
})
