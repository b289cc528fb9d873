import t from 'tap'
import { ADA, type FakeCall, BOB, type Replica, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { eventually } from '@holdfast/waiting'
import { accepted, ask, text, v1 } from './fixtures/servers.js'
import { working } from './fixtures/working.js'

const answer = { who: accepted('me') }
const begin = (replica: Replica, what: string, asked: object = {}): FakeCall =>
  replica.begin({ name: 'do', arguments: { what }, ...asked })

t.test('endless notes of a parked call are bounded', async (t) => {
  const createServer = v1({
    endless: async scene => {
      await ask(scene, 'Who?', 'who')
      for (let i = 0; i < 1_200; i++) {
        void scene.extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: i } })
      }
      await new Promise(resolve => setTimeout(resolve, 20))
      return 'done'
    }
  })
  const { first, second } = await fleet(t, { createServer, replicas: 2 })
  const asked = await first.do('endless')
  const retry = begin(second, 'endless', { ...retryOf(asked, answer), logLevel: 'info' })
  t.equal(text(await retry.outcome), 'done')
  t.equal(retry.notes.length, 500)
})

t.test('caps on parked calls', async (t) => {
  const aborted: unknown[] = []
  const createServer = v1({
    ask: async scene => {
      scene.extra.signal.addEventListener('abort', () => aborted.push(1))
      await ask(scene, 'Who?', 'who')
    }
  })
  const { first } = await fleet(t, { createServer, maxParked: 3, maxParkedPerOwner: 2 })
  await first.do('ask', { principal: ADA })
  await first.do('ask', { principal: ADA })
  const refused = await first.do('ask', { principal: ADA })
  t.match(refused, { error: { code: -32603 }, status: 503, retryAfter: 5 })
  t.equal(aborted.length, 1, 'its handler is cancelled')
  t.match(await first.do('ask', { principal: BOB }), { result: { resultType: 'input_required' } })
  t.match(await first.do('ask'), { status: 503 })
})

t.test('caps on stored calls', async (t) => {
  const { first, second } = await fleet(t, {
    createServer: v1({ ask: async scene => { await ask(scene, 'Who?', 'who') } }), maxParked: 1, replicas: 2
  })
  for (let i = 0; i < 100; i++) {
    const principal = { subject: `user ${i % 10}` }
    const asked = await first.do('ask', { principal })
    await first.do('ask', { principal, ...retryOf(asked, answer) })
  }
  const refused = { error: { message: /^Too many calls wait for answers/ }, status: 503 }
  t.match(await second.do('ask'), refused, 'where no story has ended that could make room')
  t.equal(second.bridge.parkedCount, 0)
  t.match(await first.do('ask'), { result: { resultType: 'input_required' } }, 'where one can make room')
})

t.test('a storage outage is 503, and the call goes on after it', async (t) => {
  const { scripts, go } = working()
  go.open()
  const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  first.backend.down = true
  t.match(await first.do('asked'), { status: 503 }, 'before anything is asked')
  t.equal(first.bridge.parkedCount, 0)
  first.backend.down = false
  const asked = await first.do('asked')
  first.backend.down = true
  t.match(await first.do('asked', retryOf(asked, answer)), { status: 503 }, 'where the handler waits')
  second.backend.down = true
  t.match(await second.do('asked', retryOf(asked, answer)), { status: 503 }, 'elsewhere')
  first.backend.down = second.backend.down = false
  t.equal(text(await first.do('asked', retryOf(asked, answer))), 'worked')
  t.equal(text(await second.do('asked', retryOf(asked, answer))), 'worked')
  t.equal(first.bridge.parkedCount, 0)
})

t.test('an end that cannot be stored is forgotten when the time of its call is over', async (t) => {
  const { first } = await fleet(t, {
    parkTimeout: 100, createServer: v1({ ask: async scene => { await ask(scene, 'Who?', 'who') } })
  })
  const asked = await first.do('ask')
  first.backend.failing.add('events.append')
  t.match(await first.do('ask', retryOf(asked, answer)), { status: 503 })
  t.equal(first.bridge.parkedCount, 1, 'what it said may be stored later')
  await eventually(() => first.bridge.parkedCount === 0)
})
