import t from 'tap'
import { type Ranked, Recency } from '../dist/live/lru-list.js'

interface Item extends Ranked<Item> { name: string }

function ring (names: string): { recency: Recency<Item>, items: Record<string, Item>, order: () => string } {
  const recency = new Recency<Item>()
  const items = Object.fromEntries(Array.from(names, name => [name, { name } satisfies Item]))
  for (const item of Object.values(items)) recency.use(item)
  return { recency, items, order: () => Array.from(recency, ({ name }) => name).join('') }
}

t.test('what is used moves to the end, wherever it was', async (t) => {
  for (const [used, expected] of [['a', 'bca'], ['b', 'acb'], ['c', 'abc'], ['ab', 'cab'], ['cba', 'cba']] as const) {
    const { recency, items, order } = ring('abc')
    for (const name of used) recency.use(items[name] as Item)
    t.equal(order(), expected, used)
  }
})

t.test('what is deleted is gone, wherever it was, and can come back', async (t) => {
  for (const [deleted, expected] of [['a', 'bc'], ['b', 'ac'], ['c', 'ab'], ['ac', 'b'], ['abc', '']] as const) {
    const { recency, items, order } = ring('abc')
    for (const name of deleted) recency.delete(items[name] as Item)
    t.equal(order(), expected, deleted)
    for (const name of deleted) recency.use(items[name] as Item)
    t.equal(order(), expected + deleted)
  }
})

t.test('deleting what is not there changes nothing', async (t) => {
  const { recency, order } = ring('ab')
  recency.delete({ name: 'x' })
  t.equal(order(), 'ab')
})

t.test('it finds the least recently used one that passes', async (t) => {
  const { recency } = ring('abc')
  t.equal(recency.find(({ name }) => name > 'a')?.name, 'b')
  t.equal(recency.find(() => false), undefined)
})
