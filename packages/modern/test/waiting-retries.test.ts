import t from 'tap'
import { fleet, retryOf } from './fixtures/bridge-fleet.js'
import { Gate, eventually } from '@holdfast/waiting'
import { type Scripts, accepted, ask, say, text, v1 } from './fixtures/servers.js'
import { GONE, onlyKey } from './fixtures/stored-calls.js'
import { working } from './fixtures/working.js'

const answer = { who: accepted('me') }
const one: Scripts = { one: async scene => (await ask(scene, 'Who?', 'who')).content.value }

t.test('a call that is cancelled twice', async (t) => {
  const handlers = working()
  const { first } = await fleet(t, { createServer: v1(handlers.scripts) })
  const running = first.begin({ name: 'do', arguments: { what: 'work' } })
  await handlers.reached.passed
  running.leave()
  running.leave()
  await eventually(() => first.bridge.liveCount === 0)
  const asked = await first.do('asked')
  const retry = first.begin({ name: 'do', arguments: { what: 'asked' }, ...retryOf(asked, answer) })
  await eventually(() => handlers.begun === 2)
  retry.leave()
  retry.leave()
  await eventually(() => first.bridge.parkedCount === 0)
  t.same(first.errors, [])
})

t.test('a message for a reader that has gone', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
  await first.do('one')
  const key = await onlyKey(first)
  const message = { type: 'call-unknown', key, from: second.name }
  t.doesNotThrow(() => first.bridge.fleetHandlers['call-unknown']?.(message as never))
  t.equal(first.bridge.parkedCount, 1)
})

t.test('storage that takes nothing while a retry waits elsewhere', async (t) => {
  const { first, second } = await fleet(t, { replicas: 2, heartbeat: 60, createServer: v1(one) })
  const asked = await first.do('one')
  first.backend.failing.add('events.append')
  const waiting = second.do('one', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 50))
  first.backend.failing.clear()
  t.equal(text(await waiting), 'me')
})

t.test('storage that does not answer while a retry waits elsewhere', async (t) => {
  const { first, second } = await fleet(t, {
    replicas: 2,
    heartbeat: 60,
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  const waiting = second.do('stuck', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 20))
  second.backend.down = true
  t.match(await waiting, { status: 503 })
})

t.test('a message that is lost between two others', async (t) => {
  const go = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    createServer: v1({
      loud: async scene => {
        await ask(scene, 'Who?', 'who')
        await say(scene, 'lost')
        await new Promise(resolve => setTimeout(resolve, 20))
        go.open()
        await new Promise(resolve => setTimeout(resolve, 20))
        return 'done'
      }
    })
  })
  const asked = await first.do('loud')
  first.backend.losing = true
  const retry = second.begin({ name: 'do', arguments: { what: 'loud' }, logLevel: 'info', ...retryOf(asked, answer) })
  await go.passed
  first.backend.losing = false
  t.equal(text(await retry.outcome), 'done')
  t.equal(retry.notes.length, 1)
})

t.test('a process that ends while a retry runs in it', async (t) => {
  const reached = new Gate()
  const { first } = await fleet(t, {
    createServer: v1({
      stuck: async scene => {
        await ask(scene, 'Who?', 'who')
        reached.open()
        await new Promise(() => {})
      }
    })
  })
  const asked = await first.do('stuck')
  const retry = first.begin({ name: 'do', arguments: { what: 'stuck' }, ...retryOf(asked, answer) })
  await reached.passed
  retry.leave('closing')
  t.match(await first.do('stuck', retryOf(asked, answer)), GONE)
})

t.test('a client that goes away before its retry is looked at', async (t) => {
  for (const elsewhere of [false, true]) {
    const { first, second } = await fleet(t, { replicas: 2, createServer: v1(one) })
    const replica = elsewhere ? second : first
    const asked = await first.do('one')
    const retry = replica.begin({ name: 'do', arguments: { what: 'one' }, ...retryOf(asked, answer) })
    retry.leave()
    await new Promise(resolve => setTimeout(resolve, 20))
    t.equal(retry.ends, 0)
    if (!elsewhere) t.equal(text(await first.do('one', retryOf(asked, answer))), 'me', 'its call waits')
  }
})

t.test('attempts that wait for one call are bounded', async (t) => {
  const go = new Gate()
  const { first, second } = await fleet(t, {
    replicas: 2,
    heartbeat: 100,
    createServer: v1({
      slow: async scene => {
        await ask(scene, 'Who?', 'who')
        await go.passed
        return 'done'
      }
    })
  })
  const asked = await first.do('slow')
  const retries = Array.from({ length: 100 }, () =>
    first.begin({ name: 'do', arguments: { what: 'slow' }, ...retryOf(asked, answer) }))
  await new Promise(resolve => setTimeout(resolve, 20))
  t.match(await first.do('slow', retryOf(asked, answer)), { status: 503, retryAfter: 5 })
  const elsewhere = second.do('slow', retryOf(asked, answer))
  await new Promise(resolve => setTimeout(resolve, 20))
  go.open()
  for (const retry of retries) t.equal(text(await retry.outcome), 'done')
  t.equal(text(await elsewhere), 'done', 'from the log')
})
