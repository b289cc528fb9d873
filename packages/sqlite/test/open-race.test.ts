import t from 'tap'
import { type Handle, findDriver } from '../dist/driver.js'
import { checkVersion, migrate } from '../dist/schema.js'
import { makeFolder } from './fixtures/folder.js'

t.test('a file in which another process makes the tables meanwhile is not foreign', async (t) => {
  const { path, remove } = makeFolder()
  t.teardown(remove)
  const { DatabaseSync } = findDriver()
  const [one, other] = [new DatabaseSync(path), new DatabaseSync(path)]
  let looks = 0
  const interrupted: Handle = {
    exec: (sql) => { one.exec(sql) },
    close: () => { one.close() },
    prepare: (sql) => ({
      ...one.prepare(sql),
      get: (...parameters) => {
        const row = one.prepare(sql).get(...parameters)
        if (++looks === 1) migrate(other)
        return row
      }
    })
  }
  t.equal(checkVersion(interrupted), 1)
  t.equal(looks, 3)
  one.close()
  other.close()
})
