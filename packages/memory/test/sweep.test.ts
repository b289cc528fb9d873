import t from 'tap'
import { Clocked, HOUR, SECOND } from './fixtures/clocked.js'

t.test('a record is claimed within a second of its expiry', async (t) => {
  const clock = new Clocked()
  const key = await clock.create({ idle: 10_500 })
  clock.now += 10_499
  t.strictSame(await clock.claim(), [], 'still alive')
  clock.now += SECOND
  t.strictSame(await clock.claim(), [key])
})

t.test('a record that expires later than the wheel reaches is claimed in its time', async (t) => {
  const clock = new Clocked()
  const key = await clock.create({ idle: 10 * HOUR, absolute: 30 * HOUR })
  for (let hour = 0; hour < 9; hour++) {
    clock.now += HOUR
    t.strictSame(await clock.claim(), [])
  }
  t.ok(await clock.records.read(key))
  clock.now += HOUR + SECOND
  t.strictSame(await clock.claim(), [key])
})

t.test('a record that had expired before it was created is claimed within a second', async (t) => {
  const clock = new Clocked()
  clock.now += 5 * SECOND
  await clock.claim()
  const past = clock.now - 3 * HOUR
  const key = await clock.create({ origin: { createdAt: past, usedAt: past, version: 1 } })
  clock.now += SECOND
  t.strictSame(await clock.claim(), [key])
})

t.test('records made while nobody swept are all found', async (t) => {
  const clock = new Clocked()
  const keys = []
  for (let i = 0; i < 50; i++) {
    keys.push(await clock.create({ idle: 60 * SECOND }))
    clock.now += 600 * SECOND
  }
  t.strictSame((await clock.claim()).toSorted(), keys.toSorted())
  t.equal(await clock.records.count(), 0)
})

t.test('a clock that jumps a year ahead costs one turn of the wheel and loses nothing', async (t) => {
  const clock = new Clocked()
  const keys = [await clock.create(), await clock.create({ idle: 5 * SECOND }), await clock.create({ idle: 9 * HOUR })]
  clock.now += 365 * 24 * HOUR
  t.strictSame((await clock.claim()).toSorted(), keys.toSorted())
  const later = await clock.create({ idle: 5 * SECOND })
  clock.now += 6 * SECOND
  t.strictSame(await clock.claim(), [later])
})

t.test('a clock that is set back neither loses nor claims what is alive', async (t) => {
  const clock = new Clocked()
  clock.now += 100 * 24 * HOUR
  const before = await clock.create({ idle: 30 * SECOND })
  await clock.claim()
  clock.now -= 100 * 24 * HOUR
  const after = await clock.create({ idle: 30 * SECOND })
  t.strictSame(await clock.claim(), [])
  clock.now += 31 * SECOND
  t.strictSame(await clock.claim(), [after])
  t.ok(await clock.records.read(before), 'used in the future: alive')
  await clock.records.touch(before, 1)
  const claimed = []
  for (let hour = 0; hour < 2; hour++) {
    clock.now += HOUR
    claimed.push(...await clock.claim())
  }
  t.strictSame(claimed, [before], 'until it is used again')
})

t.test('a clock that goes back and forth by seconds is harmless', async (t) => {
  const clock = new Clocked()
  const keys = []
  const claimed = []
  for (let i = 0; i < 100; i++) {
    keys.push(await clock.create({ idle: (i % 7) * SECOND + 1 }))
    clock.now += i % 3 === 0 ? -2 * SECOND : 2 * SECOND
    claimed.push(...await clock.claim())
  }
  clock.now += 10 * SECOND
  claimed.push(...await clock.claim())
  t.strictSame(claimed.toSorted(), keys.toSorted())
})

t.test('a claim looks at no more than its limit, alive or not', async (t) => {
  const clock = new Clocked()
  const keys = []
  for (let i = 0; i < 10; i++) keys.push(await clock.create({ idle: 10 * SECOND }))
  clock.now += 9 * SECOND
  for (const key of keys.slice(0, 5)) await clock.records.touch(key, 1)
  clock.now += 3 * SECOND
  const rounds = []
  for (let more = true; more;) {
    const page = await clock.records.claimExpired(2)
    rounds.push(page.records.length)
    more = page.more
  }
  t.equal(rounds.length, 5, 'ten candidates, two at a time')
  t.equal(rounds.reduce((sum, amount) => sum + amount), 5)
})
