import t from 'tap'
import { Clocked, HOUR, SECOND } from './fixtures/clocked.js'

const OWNER = 'owner'

t.test('idlest finds the longest unused records of an owner among used, removed and expired records', async t => {
  const clock = new Clocked()
  const { records } = clock
  const keys: string[] = []
  for (let i = 0; i < 300; i++) {
    clock.now += SECOND
    keys.push(await clock.create({ owner: OWNER, idle: i === 20 ? 400 * SECOND : HOUR }))
  }
  for (const key of keys.slice(0, 10)) await records.touch(key, 1)
  for (const key of [keys[299], keys[15], keys[11]]) await records.remove(key as string)
  clock.now += 200 * SECOND
  const found = await records.idlest({ owner: OWNER, unusedFor: SECOND, limit: 8 })
  t.strictSame(
    found.map(({ key }) => keys.indexOf(key)), [10, 12, 13, 14, 16, 17, 18, 19], 'what has expired is none of them'
  )
  const after = await records.idlest({ owner: OWNER, unusedFor: SECOND, limit: 20 })
  t.notOk(after.some(({ key }) => key === keys[20]))
  t.strictSame(await records.idlest({ owner: OWNER, unusedFor: HOUR, limit: 8 }), [], 'none was unused for so long')
})

t.test('an owner whose records have all gone has none', async t => {
  const clock = new Clocked()
  const keys: string[] = []
  for (let i = 0; i < 150; i++) keys.push(await clock.create({ owner: OWNER }))
  clock.now += SECOND
  for (const key of keys.toReversed()) await clock.records.remove(key)
  await clock.create({ owner: OWNER })
  t.strictSame(await clock.records.idlest({ owner: OWNER, unusedFor: SECOND, limit: 8 }), [])
  clock.now += SECOND
  t.equal((await clock.records.idlest({ owner: OWNER, unusedFor: SECOND, limit: 8 })).length, 1)
})

t.test('idlest treats nobody like any other owner, also when no record is left', async t => {
  const clock = new Clocked()
  const keys: string[] = []
  for (let i = 0; i < 150; i++) keys.push(await clock.create())
  clock.now += SECOND
  t.equal((await clock.records.idlest({ owner: '', unusedFor: SECOND, limit: 200 })).length, 150)
  for (const key of keys) await clock.records.remove(key)
  t.strictSame(await clock.records.idlest({ owner: '', unusedFor: SECOND, limit: 8 }), [])
})
