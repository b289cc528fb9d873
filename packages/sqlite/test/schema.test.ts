import t from 'tap'
import { findDriver } from '../dist/driver.js'
import { migrate, pragma } from '../dist/schema.js'

t.test('an older file is taken to the present version, step by step, and keeps its content', async (t) => {
  const handle = new (findDriver().DatabaseSync)(':memory:')
  const steps = ['CREATE TABLE one (a)', 'ALTER TABLE one ADD COLUMN b', 'UPDATE one SET b = a + 1']
  migrate(handle, steps.slice(0, 1))
  handle.exec('INSERT INTO one VALUES (5)')
  migrate(handle, steps)
  t.strictSame({ ...handle.prepare('SELECT * FROM one').get() as object }, { a: 5, b: 6 })
  t.equal(pragma(handle, 'user_version'), 3)
  migrate(handle, steps)
  t.throws(() => { migrate(handle, steps.slice(0, 2)) }, { code: 'SQLITE_NEWER' })
})
