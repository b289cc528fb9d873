import t from 'tap'
import { Clocked, HOUR, UNLIMITED } from './fixtures/clocked.js'

t.test('tombstones are bounded; the oldest are forgotten', async (t) => {
  const clock = new Clocked({ maxTombstones: 3 })
  const keys = ['a', 'b', 'c', 'd', 'e'].map((name) => `tag.${name}`)
  for (const key of keys) {
    await clock.create({ key })
    await clock.records.remove(key)
  }
  const results = []
  for (const key of keys) results.push(await clock.records.create(clock.draft({ key }), UNLIMITED))
  t.strictSame(results, ['created', 'created', 'exists', 'exists', 'exists'])
})

t.test('a tombstone ends when its record would have', async (t) => {
  const clock = new Clocked()
  const key = await clock.create({ idle: 2 * HOUR })
  await clock.records.remove(key)
  clock.now += 2 * HOUR - 1
  t.equal(await clock.records.create(clock.draft({ key }), UNLIMITED), 'exists')
  clock.now += 1
  t.equal(await clock.records.create(clock.draft({ key, absolute: HOUR }), UNLIMITED), 'created')
  await clock.records.remove(key)
  t.equal(await clock.records.create(clock.draft({ key }), UNLIMITED), 'exists', 'and begins again')
})
