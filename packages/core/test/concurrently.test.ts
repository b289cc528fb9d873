import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { concurrently } from '../dist/concurrently.js'

async function * numbers (upTo: number): AsyncGenerator<number> {
  for (let n = 1; n <= upTo; n++) yield n
}

t.test('every item is worked on, and at most so many at a time', async t => {
  const done: number[] = []
  let [underWay, most] = [0, 0]
  await concurrently(numbers(10), 3, async item => {
    most = Math.max(most, ++underWay)
    for (let turns = 0; turns < item % 4; turns++) await setImmediate()
    underWay--
    done.push(item)
  })
  t.strictSame(done.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  t.equal(most, 3)
})

for (const failing of [1, 2, 10]) {
  t.test(`item ${failing} fails: the rest is not begun, and nothing is under way any more`, async t => {
    let [begun, ended] = [0, 0]
    await t.rejects(concurrently(numbers(10), 3, async item => {
      begun++
      for (let turns = 0; turns < (item === failing ? 1 : 9); turns++) await setImmediate()
      ended++
      if (item === failing) throw new Error('away')
    }), { message: 'away' })
    t.equal(ended, begun)
    t.ok(begun <= failing + 2, `${begun} were begun`)
  })
}

t.test('the source fails: what was begun ends first', async t => {
  let ended = 0
  async function * source (): AsyncGenerator<number> {
    yield 1
    yield 2
    throw new Error('away')
  }
  const work = async (): Promise<void> => {
    for (let turns = 0; turns < 9; turns++) await setImmediate()
    ended++
  }
  await t.rejects(concurrently(source(), 3, work), { message: 'away' })
  t.equal(ended, 2)
})

t.test('the source ends when an item fails', async t => {
  let ended = false
  async function * source (): AsyncGenerator<number> {
    try {
      for (;;) yield 1
    } finally {
      ended = true
    }
  }
  await t.rejects(concurrently(source(), 2, async () => { throw new Error('away') }), { message: 'away' })
  t.equal(ended, true)
})
