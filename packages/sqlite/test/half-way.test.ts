import t, { type Test } from 'tap'
import type { Backend } from '@holdfast/core'
import { HOUR, create, open, place } from './fixtures/given.js'

const MANY = 60

/** A backend that fails at a later look at its clock, when told to. */
function failing (t: Test): { backend: Backend, failAt: (look: number) => void, pass: (ms: number) => void } {
  let now = 1_700_000_000_000
  let left = Infinity
  const backend = open(t, {
    path: place(t).path,
    now () {
      if (--left <= 0) throw new Error('the clock has stopped')
      return now
    }
  })
  return { backend, failAt (look) { left = look }, pass (ms) { now += ms } }
}

t.test('records that were claimed before a failure go to the caller', async (t) => {
  const { backend, failAt, pass } = failing(t)
  for (let n = 0; n < MANY; n++) await create(backend)
  pass(HOUR + 1)
  failAt(2)
  const first = await backend.records.claimExpired(MANY)
  t.ok(first.records.length > 0 && first.records.length < MANY, `${first.records.length} records`)
  t.equal(first.more, true)
  failAt(Infinity)
  const second = await backend.records.claimExpired(MANY)
  t.equal(new Set([...first.records, ...second.records].map(({ key }) => key)).size, MANY)
  failAt(1)
  await t.rejects(backend.records.claimExpired(MANY), { code: 'SQLITE_FAILED' }, 'without a record, the caller is told')
})

t.test('a removal of an owner that failed half-way tells all keys when it succeeds', async (t) => {
  const { backend, failAt } = failing(t)
  const keys: string[] = []
  for (let n = 0; n < MANY; n++) keys.push(await create(backend, { owner: 'o' }))
  failAt(2)
  await t.rejects(backend.records.removeOwner('o'), { code: 'SQLITE_FAILED' })
  failAt(Infinity)
  const left = await backend.records.count('o')
  t.ok(left > 0 && left < MANY, `${left} are left`)
  t.strictSame((await backend.records.removeOwner('o')).sort(), keys.sort())
  t.strictSame(await backend.records.removeOwner('o'), [])
  failAt(1)
  await t.rejects(backend.records.removeOwner('o'), { code: 'SQLITE_FAILED' })
})
