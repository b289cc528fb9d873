import t from 'tap'
import { type LruItem, LruList } from '../dist/live/lru-list.js'

interface Item extends LruItem<Item> { name: string }

function ring (names: string): { list: LruList<Item>, items: Record<string, Item>, order: () => string } {
  const list = new LruList<Item>()
  const items = Object.fromEntries(Array.from(names, name => [name, { name } satisfies Item]))
  for (const item of Object.values(items)) list.use(item)
  return { list, items, order: () => Array.from(list, ({ name }) => name).join('') }
}

t.test('what is used moves to the end, wherever it was', async (t) => {
  for (const [used, expected] of [['a', 'bca'], ['b', 'acb'], ['c', 'abc'], ['ab', 'cab'], ['cba', 'cba']] as const) {
    const { list, items, order } = ring('abc')
    for (const name of used) list.use(items[name] as Item)
    t.equal(order(), expected, used)
  }
})

t.test('what is deleted is gone, wherever it was, and can come back', async (t) => {
  for (const [deleted, expected] of [['a', 'bc'], ['b', 'ac'], ['c', 'ab'], ['ac', 'b'], ['abc', '']] as const) {
    const { list, items, order } = ring('abc')
    for (const name of deleted) list.delete(items[name] as Item)
    t.equal(order(), expected, deleted)
    for (const name of deleted) list.use(items[name] as Item)
    t.equal(order(), expected + deleted)
  }
})

t.test('deleting what is not there changes nothing', async (t) => {
  const { list, order } = ring('ab')
  list.delete({ name: 'x' })
  t.equal(order(), 'ab')
})

t.test('it finds the least recently used one that passes', async (t) => {
  const { list } = ring('abc')
  t.equal(list.find(({ name }) => name > 'a')?.name, 'b')
  t.equal(list.find(() => false), undefined)
})
