import t from 'tap'
import { HoldfastError } from '../dist/index.js'
import { ADA, manager, outage } from './fixtures/manager.js'

t.test('an outage is never a miss, whatever is asked', async (t) => {
  const { backend, sessions, heard } = manager()
  const session = await sessions.create({ principal: ADA })
  const cause = new Error('connection lost')
  const restore = outage(backend, cause)
  const calls: Array<() => Promise<unknown>> = [
    () => sessions.create(),
    () => sessions.open(session.id, ADA),
    () => sessions.open('unknown', null),
    () => sessions.get({ id: session.id, principal: ADA }),
    () => sessions.touch(session),
    () => session.update(() => {}),
    () => sessions.terminate({ id: session.id, principal: ADA }),
    () => sessions.terminateAll({ principal: ADA }),
    () => sessions.clear(),
    () => sessions.list(),
    () => sessions.each().next(),
    () => sessions.count(),
    () => sessions.sweep()
  ]
  for (const call of calls) {
    await t.rejects(call(), { name: 'HoldfastError', code: 'HOLDFAST_BACKEND_UNAVAILABLE', cause }, call.toString())
  }
  restore()
  t.strictSame((await sessions.open(session.id, ADA))?.state, session.state, 'nothing is lost')
  await sessions.count()
  t.strictSame(heard.slice(1), [{ event: 'backendDown', error: cause }, { event: 'backendUp' }])
})

t.test('an outage while room is made is an outage', async (t) => {
  const { backend, sessions } = manager({ limits: { maxPerOwner: 1, evict: 'idle' } })
  await sessions.create({ principal: ADA })
  backend.records.idlest = async () => { throw new Error('connection lost') }
  await t.rejects(sessions.create({ principal: ADA }), { code: 'HOLDFAST_BACKEND_UNAVAILABLE' })
})

t.test('a backend that has no room left says so under its own code', async (t) => {
  const { backend, sessions, heard } = manager()
  const session = await sessions.create()
  backend.records.replace = async () => { throw new HoldfastError('HOLDFAST_BACKEND_FULL') }
  await t.rejects(session.update(data => { data.n = 1 }), { code: 'HOLDFAST_BACKEND_FULL' })
  t.equal(heard.length, 1)
})
