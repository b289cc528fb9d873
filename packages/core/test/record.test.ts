import t from 'tap'
import { expiresAt, isExpired } from '../dist/record.js'

const record = { usedAt: 1000, idle: 500, deadline: 10_000 }

t.test('a record expires its idle time after its last use', async (t) => {
  t.equal(expiresAt(record), 1500)
  t.equal(expiresAt({ ...record, usedAt: 2000 }), 2500)
})

t.test('a record expires at its deadline however much it is used', async (t) => {
  t.equal(expiresAt({ ...record, usedAt: 9999 }), 10_000)
  t.equal(expiresAt({ ...record, idle: Infinity }), 10_000)
})

t.test('a record is alive strictly before it expires', async (t) => {
  t.notOk(isExpired(record, 1499))
  t.ok(isExpired(record, 1500))
  t.ok(isExpired(record, 1501))
})

t.test('a record whose limits have passed is expired from the start', async (t) => {
  t.ok(isExpired({ usedAt: 1000, idle: 0, deadline: 10_000 }, 1000))
  t.ok(isExpired({ usedAt: 1000, idle: 500, deadline: 1000 }, 1000))
})
