import t from 'tap'
import { ADA, BOB, manager } from './fixtures/manager.js'

const notice = (session: { key: string, owner: string }) =>
  ({ label: session.key.split('.')[1]?.slice(0, 8), key: session.key, owner: session.owner })

t.test('a session is terminated once, everywhere, and says so once', async (t) => {
  const { backend, sessions, heard } = manager()
  const other = manager({ backend })
  const session = await sessions.create({ principal: ADA })
  const told: unknown[] = []
  await other.sessions.fleet.listen(message => { told.push(message) })
  const results = await Promise.all([
    sessions.terminate({ id: session.id, principal: ADA }),
    other.sessions.terminate({ id: session.id, principal: ADA }),
    sessions.terminate(session)
  ])
  t.strictSame(results, [true, false, false])
  t.strictSame(heard.slice(1), [{ event: 'terminated', ...notice(session), reason: 'terminated' }])
  t.strictSame(other.heard, [])
  t.strictSame(told, [
    { reason: 'terminated', type: 'gone', key: '', keys: [session.key], from: sessions.fleet.replica }
  ])
  t.equal(await sessions.open(session.id, ADA), undefined)
  t.equal(await sessions.get({ id: session.id, principal: ADA }), undefined)
})

t.test('all sessions of a principal end, and nobody else\'s', async (t) => {
  const { sessions, heard } = manager()
  const mine = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  const theirs = await sessions.create({ principal: BOB })
  heard.length = 0
  t.equal(await sessions.terminateAll({ principal: ADA }), 2)
  t.equal(await sessions.terminateAll({ principal: ADA }), 0)
  t.strictSame(heard, mine.map(session => ({ event: 'terminated', ...notice(session), reason: 'terminated' })))
  t.ok(await sessions.open(theirs.id, BOB))
  t.equal(await sessions.terminateAll({ owner: theirs.owner }), 1, 'by the digest as well')
  t.equal(await sessions.open(theirs.id, BOB), undefined)
})

t.test('nobody is no owner whose sessions could be ended', async (t) => {
  const { backend, sessions } = manager()
  await sessions.create()
  await t.rejects(sessions.terminateAll({ owner: '' }), { code: 'HOLDFAST_INVALID_OPTION', path: 'owner' })
  t.equal(backend.stored.size, 1)
})

t.test('clear ends every session there is', async (t) => {
  const { backend, sessions, heard } = manager()
  for (let i = 0; i < 120; i++) await sessions.create(i % 2 === 0 ? {} : { principal: ADA })
  const { list } = backend.records
  backend.records.list = async query => {
    const page = await list(query)
    await backend.records.remove(page.records[0]!.key)
    return page
  }
  t.equal(await sessions.clear(), 118, 'others ended two meanwhile')
  t.equal(await sessions.count(), 0)
  t.equal(heard.filter(({ event }) => event === 'terminated').length, 118)
})

t.test('an expired session is a miss before it is swept, and reported once in the fleet', async (t) => {
  const { backend, sessions, heard } = manager({ ttl: { idle: '10m', absolute: '15m' } })
  const other = manager({ backend })
  const told: unknown[] = []
  await other.sessions.fleet.listen(message => { told.push(message) })
  const idle = await sessions.create({ principal: ADA })
  const used = await sessions.create({ principal: ADA })
  const createdAt = backend.now
  heard.length = 0
  backend.now += 9 * 60_000
  await sessions.touch(used)
  backend.now += 60_000
  t.equal(await sessions.open(idle.id, ADA), undefined)
  t.equal(await sessions.touch(idle), false)
  t.ok(await sessions.open(used.id, ADA))
  t.strictSame(heard, [])
  backend.now += 5 * 60_000
  t.equal(await sessions.open(used.id, ADA), undefined, 'no use extends the absolute limit')
  t.strictSame(await Promise.all([sessions.sweep(), other.sessions.sweep()]), [
    { expired: 2, more: false },
    { expired: 0, more: false }
  ])
  t.strictSame(heard, [
    { event: 'expired', ...notice(idle), reason: 'idle', createdAt, usedAt: createdAt },
    { event: 'expired', ...notice(used), reason: 'absolute', createdAt, usedAt: createdAt + 10 * 60_000 }
  ])
  t.match(told, [{ type: 'gone', keys: [idle.key, used.key], reason: 'expired' }])
  t.strictSame(other.heard, [])
})

t.test('a sweep looks at no more than it is told to', async (t) => {
  const { backend, sessions } = manager()
  for (let i = 0; i < 5; i++) await sessions.create()
  backend.now += sessions.vault.idle
  t.strictSame(await sessions.sweep(3), { expired: 3, more: true })
  t.strictSame(await sessions.sweep(3), { expired: 2, more: false })
})

t.test('a hint that cannot be sent does not undo the end of a session', async (t) => {
  const { backend, sessions, heard } = manager()
  const session = await sessions.create({ principal: ADA })
  const error = new Error('no bus')
  backend.bus.publish = async () => { throw error }
  t.equal(await sessions.terminate({ id: session.id, principal: ADA }), true)
  t.match(heard.slice(1), [{ event: 'terminated' }, { event: 'error', error }])
})
