import t from 'tap'
import { ADA, manager } from './fixtures/manager.js'

function damage (backend: ReturnType<typeof manager>['backend'], key: string): void {
  Object.assign(backend.stored.get(key)!, { body: Buffer.from('{"context":"hush"'), version: 2 })
}

t.test('a record that cannot be read is an error and no miss; it is reported and kept', async (t) => {
  const { backend, sessions, heard } = manager()
  const session = await sessions.create({ principal: ADA })
  damage(backend, session.key)
  const calls: Array<() => Promise<unknown>> = [
    () => sessions.open(session.id, ADA),
    () => sessions.touch(session),
    () => session.update(() => {})
  ]
  for (const call of calls) {
    heard.length = 0
    await t.rejects(call(), { code: 'HOLDFAST_INVALID_STATE' })
    t.match(heard, [
      { event: 'unreadable', key: session.key, owner: session.owner, error: { code: 'HOLDFAST_INVALID_STATE' } }
    ])
    t.equal(heard.length, 1)
    t.notMatch((heard[0]?.error as Error).stack, /hush/)
  }
  t.ok(backend.stored.has(session.key))
})

t.test('it is listed without its state, and others with theirs', async (t) => {
  const { backend, sessions, heard } = manager()
  const [broken, whole] = [await sessions.create({ principal: ADA }), await sessions.create({ principal: ADA })]
  damage(backend, broken.key)
  heard.length = 0
  const { sessions: listed } = await sessions.list()
  t.match(listed, [{ key: broken.key, version: 2 }, { key: whole.key, state: whole.state }])
  t.notOk('state' in listed[0]!)
  t.notOk('state' in (await sessions.get({ id: broken.id, principal: ADA }))!)
  t.strictSame(heard.map(({ event, key }) => [event, key]), [['unreadable', broken.key], ['unreadable', broken.key]])
})

t.test('it can be ended like any other', async (t) => {
  const { backend, sessions } = manager()
  const session = await sessions.create({ principal: ADA })
  damage(backend, session.key)
  t.equal(await sessions.terminate({ id: session.id, principal: ADA }), true)
  t.equal(backend.stored.size, 0)
})
