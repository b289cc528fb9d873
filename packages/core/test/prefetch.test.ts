import t from 'tap'
import { prefetch } from '../dist/prefetch.js'

t.test('the next is fetched while one is worked on, and no more than that', async t => {
  let fetched = 0
  async function * source (): AsyncGenerator<number> {
    while (fetched < 5) yield ++fetched
  }
  const seen: number[] = []
  for await (const item of prefetch(source())) {
    seen.push(item)
    t.equal(fetched, Math.min(item + 1, 5))
  }
  t.strictSame(seen, [1, 2, 3, 4, 5])
})

t.test('a failure is told in its turn', async t => {
  async function * source (): AsyncGenerator<number> {
    yield 1
    throw new Error('away')
  }
  const items = prefetch(source())
  t.strictSame(await items.next(), { done: false, value: 1 })
  await t.rejects(items.next(), { message: 'away' })
})

t.test('who leaves early waits for what is being fetched, and the source ends', async t => {
  const order: string[] = []
  async function * source (): AsyncGenerator<number> {
    try {
      yield 1
      await new Promise(resolve => setImmediate(resolve))
      order.push('fetched')
      yield 2
    } finally {
      order.push('ended')
    }
  }
  const items = prefetch(source())
  await items.next()
  await items.return(undefined)
  order.push('left')
  t.strictSame(order, ['fetched', 'ended', 'left'])
})
