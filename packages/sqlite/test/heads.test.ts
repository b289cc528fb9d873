import t from 'tap'
import type { Connection } from '../dist/connection.js'
import { Heads } from '../dist/heads.js'
import { recordStatements } from '../dist/statements.js'
import { Turns } from '../dist/turns.js'
import type { Durability } from '../dist/durability.js'
import { SqliteError } from '../dist/errors.js'
import { create, open, place } from './fixtures/given.js'

t.test('a process remembers so many heads only, and asks again for the others', async (t) => {
  const asked: string[] = []
  const connection = {
    epoch: 1,
    get (_: string, key: string) {
      asked.push(key)
      return key === 'none' ? undefined : { id: 1, key, owner: '', version: 1, created: 0, used: 5, idle: 10, deadline: 100 }
    }
  }
  const heads = new Heads(connection as unknown as Connection, recordStatements(''), new Map(), 2)
  for (const key of ['a', 'a', 'b', 'none', 'c', 'c', 'a']) heads.find(key)
  t.strictSame(asked, ['a', 'b', 'none', 'c', 'a'])
  t.equal(heads.living('c', 14)?.usedAt, 5)
  t.equal(heads.living('c', 15), undefined)
  connection.epoch++
  heads.find('c')
  t.strictSame(asked.slice(5), ['c'], 'another connection wrote')
  heads.stored('not known', 7)
})

t.test('a read that meets a lock waits for it', async (t) => {
  const busy = new SqliteError('SQLITE_BUSY')
  let locked = 3
  const connection = { ask: () => { if (locked-- > 0) throw busy; return 'read' } }
  const turns = new Turns(connection as unknown as Connection, {} as Durability, () => {})
  t.equal(await turns.read(() => ''), 'read')
  locked = Infinity
  await t.rejects(turns.read(() => ''), busy)
})

t.test('uses that cannot be written are tried again, and reported once', async (t) => {
  const { path } = place(t)
  const warnings: Error[] = []
  const backend = open(t, { path, touchDelay: '20ms', onWarning: (warning) => { warnings.push(warning) } })
  const key = await create(backend)
  const before = (await backend.records.read(key))?.usedAt as number
  const { Connection } = await import('../dist/connection.js')
  const { run } = Connection.prototype
  let attempts = 0
  t.teardown(() => { Connection.prototype.run = run })
  await new Promise<void>((resolve) => {
    Connection.prototype.run = function (sql, ...parameters) {
      if (!sql.includes('SET used')) return run.call(this, sql, ...parameters)
      if (++attempts === 3) resolve()
      throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
    }
    const touching = setInterval(() => { void backend.records.touch(key, 1) }, 10)
    t.teardown(() => { clearInterval(touching) })
  })
  Connection.prototype.run = run
  t.match(warnings, [{ code: 'SQLITE_IO' }])
  const other = open(t, { path })
  for (let use = before; use === before;) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    use = (await other.records.read(key))?.usedAt as number
  }
})
