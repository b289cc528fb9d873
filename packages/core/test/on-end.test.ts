import { mock } from 'node:test'
import t from 'tap'
import { type EndReason, type EndedSession, sessionNotice, unsealed } from '../dist/index.js'
import { ADA, manager } from './fixtures/manager.js'
import { Shelf } from './fixtures/shelf.js'

t.test('the application gets what a session was, however it ended', async t => {
  const ended: Array<[EndedSession, EndReason]> = []
  const { sessions } = manager({ onEnd: (session, reason) => { ended.push([session, reason]) } })
  const [one, ...others] = await Promise.all(Array.from({ length: 3 }, async () => await sessions.create({
    principal: ADA,
    client: { name: 'client', version: '1' },
    context: { region: 'north' },
    data: { n: 1 }
  })))
  const nameless = await sessions.create({})
  t.equal(await sessions.terminate(one as NonNullable<typeof one>), true)
  t.equal(await sessions.terminate(one as NonNullable<typeof one>), false)
  t.equal(await sessions.terminateAll({ principal: ADA }), 2)
  t.equal(await sessions.clear(), 1)
  t.strictSame(new Set(ended.map(([{ key }]) => key)), new Set([one, ...others, nameless].map(one => one?.key)))
  const [first] = ended
  t.match(first, [{
    ...sessionNotice(one as NonNullable<typeof one>),
    principal: ADA,
    client: { name: 'client', version: '1' },
    context: { region: 'north' },
    data: { n: 1 },
    createdAt: Number,
    usedAt: Number
  }, 'terminated'])
  t.notOk(JSON.stringify(ended).includes(one?.id as string))
})

t.test('what it throws is reported, and what hangs is not waited for', async t => {
  const { sessions, heard } = manager({
    onEnd: async ({ data }) => {
      if (data.hangs === true) await new Promise(() => {})
      throw new Error('broken')
    }
  })
  const create = async (hangs: boolean): Promise<void> => { await sessions.create({ principal: ADA, data: { hangs } }) }
  await create(false)
  t.equal(await sessions.terminateAll({ principal: ADA }), 1)
  t.match(heard.at(-1), { event: 'error', error: { message: 'broken' } })
  await create(true)
  const cleared = sessions.clear()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const ticking = setInterval(() => { mock.timers.tick(1_000) }, 1)
  t.equal(await cleared, 1)
  clearInterval(ticking)
  t.match(heard.at(-1), { event: 'error', error: { message: /not done with an ended session in time/ } })
})

t.test('a session that cannot be opened ends without the application', async t => {
  const ended: EndedSession[] = []
  const { backend, sessions } = manager({ onEnd: session => { ended.push(session) } })
  const { key, owner } = await sessions.create({})
  const record = backend.stored.get(key)
  if (record !== undefined) record.body = Buffer.from('{}')
  t.equal(await sessions.terminate({ key, owner }), true)
  t.equal(await sessions.count(), 0)
  t.strictSame(ended, [])
})

t.test('all sessions of an owner end before the application is waited for', async t => {
  const release: Array<() => void> = []
  const { sessions } = manager({ onEnd: async () => { await new Promise<void>(resolve => { release.push(resolve) }) } })
  for (let n = 0; n < 250; n++) await sessions.create({ principal: ADA })
  const ending = sessions.terminateAll({ principal: ADA })
  while (release.length < 250) await new Promise(resolve => { setImmediate(resolve) })
  t.equal(await sessions.count(), 0)
  for (const done of release) done()
  t.equal(await ending, 250)
})

t.test('an end that cannot be noted beside the snapshot is told all the same', async t => {
  const snapshot = Object.assign(new Shelf(), { forget: async () => { throw new Error('disk full') } })
  const ended: EndedSession[] = []
  const { sessions } = manager({
    snapshot, codec: unsealed, onEnd: session => { ended.push(session) }
  })
  for (let n = 0; n < 150; n++) await sessions.create({ principal: ADA })
  await t.rejects(sessions.terminateAll({ principal: ADA }), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  t.equal(await sessions.count(), 0)
  t.equal(ended.length, 150)
})
