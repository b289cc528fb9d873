import t, { type Test } from 'tap'
import { checksum } from '../dist/checksum.js'
import { Connection } from '../dist/connection.js'
import { type Value, findDriver } from '../dist/driver.js'
import { sqlite } from '../dist/index.js'
import { makeFolder } from './fixtures/folder.js'

const KEY = 'a.a'
const STREAM = { key: KEY, name: 'a' }
const RECORD = { key: KEY, owner: '', idle: 1e6, absolute: 1e6, body: Buffer.from('1') }
const LIMITS = { maxRecords: 10, maxPerOwner: 10 }

/** A backend with one record, and another connection, which writes in the middle of the backend's next read. */
async function interrupted (t: Test) {
  const { path, remove } = makeFolder()
  const [backend, reader] = [sqlite({ path }), sqlite({ path })]
  await backend.records.create(RECORD, LIMITS)
  await backend.events.append(STREAM, ['1', '2', '3'].map((text) => Buffer.from(text)))
  // The partition makes its tables at its first call.
  await reader.records.count()
  const other = new (findDriver().DatabaseSync)(path)
  const { get, all } = Connection.prototype
  t.teardown(async () => {
    Object.assign(Connection.prototype, { get, all })
    other.close()
    await Promise.all([backend, reader].map(async (each) => { await each.close() }))
    remove()
  })
  const before = (what: RegExp, write: string): void => {
    const interrupt = (method: typeof get | typeof all) => function (this: Connection, sql: string, ...rest: Value[]) {
      if (what.test(sql)) {
        Object.assign(Connection.prototype, { get, all })
        other.exec(write)
      }
      return method.call(this, sql, ...rest)
    }
    Object.assign(Connection.prototype, { get: interrupt(get), all: interrupt(all) })
  }
  return { reader, before }
}

const REPLACE = `UPDATE records SET version = 2, sum = ${checksum(Buffer.from('2'))}, body = X'32'`

t.test('a body is that of its version, also when another process writes in the middle of a read', async (t) => {
  const { reader, before } = await interrupted(t)
  before(/SELECT sum, body FROM records/, REPLACE)
  t.match(await reader.records.read(KEY), { version: 1, body: Buffer.from('1') })
  t.match(await reader.records.read(KEY), { version: 2, body: Buffer.from('2') })
})

t.test('a touch of an earlier version finds the body of the version that it tells', async (t) => {
  const { reader, before } = await interrupted(t)
  before(/SELECT sum, body FROM records/, REPLACE)
  t.match(await reader.records.touch(KEY, 0), { version: 1, body: Buffer.from('1') })
})

t.test('a record that another process removes in the middle of a read is there, or not', async (t) => {
  const { reader, before } = await interrupted(t)
  before(/SELECT sum, body FROM records/, 'DELETE FROM records')
  t.match(await reader.records.touch(KEY, 0), { version: 1, body: Buffer.from('1') })
  t.equal(await reader.records.touch(KEY, 0), undefined)
})

t.test('a stream that another process shortens in the middle of a read has no gap', async (t) => {
  const { reader, before } = await interrupted(t)
  const shorten = 'DELETE FROM events WHERE position < 3; UPDATE streams SET floor = 2'
  before(/SELECT position, sum, body FROM events/, shorten)
  t.match(await reader.events.readAfter(STREAM, 0, 10), { lost: false, entries: [{}, {}, {}] })
  t.match(await reader.events.readAfter(STREAM, 0, 10), { lost: true, floor: 2 })
})
