import t from 'tap'
import type { ModernCall } from '../dist/index.js'
import { Front, events, progress } from './fixtures/endpoint.js'
import { eventually, stayAwake, turns } from '@holdfast/waiting'
import { collectGarbage } from './fixtures/garbage.js'
import { json, sent } from './fixtures/requests.js'

t.test('a client that goes cancels its call: while it waits for JSON, and while it reads a stream', async (t) => {
  for (const streams of [false, true]) {
    const front = new Front()
    front.server.script = call => { if (streams) call.notify(progress('p')) }
    const inbound = sent({ meta: { progressToken: 'p' } })
    const replying = front.endpoint.post(inbound)
    t.equal(front.endpoint.runningCalls, 1)
    const [call] = front.server.served as [ModernCall]
    t.equal(call.isOver, false)
    inbound.leave()
    inbound.leave()
    t.ok(call.isOver)
    t.match(front.server.cancelled, [{ reason: 'gone', wasOver: true }])
    t.equal(front.server.cancelled[0]?.call, call)
    const reply = await replying
    if (streams) t.match(reply.body, { destroyed: true })
    else t.equal(reply.status, 499)
    call.notify(progress('p'))
    call.end({ result: {} })
    t.same(front.ends, [['tools/call', 'gone']])
    t.equal(front.endpoint.runningCalls, 0)
    t.equal(front.endpoint.openStreams, 0)
  }
})

t.test('a client that went before its call, or while the call began, gets nothing', async (t) => {
  const front = new Front()
  const early = sent()
  early.gone = true
  t.equal((await front.endpoint.post(early)).status, 499)
  t.equal(front.server.served.length, 0)
  const later = sent()
  front.server.script = () => { later.gone = true }
  t.equal((await front.endpoint.post(later)).status, 499)
  t.match(front.server.cancelled, [{ reason: 'gone' }])
})

t.test('a client whose framework does not tell that it went is noticed by its stream', async (t) => {
  const front = new Front()
  front.server.script = call => call.notify(progress('p'))
  const inbound = sent({ meta: { progressToken: 'p' } })
  Object.assign(inbound, { onGone: undefined })
  const reply = await front.endpoint.post(inbound)
  inbound.gone = true
  events(reply).close()
  await eventually(() => front.server.cancelled.length === 1)
  t.same(front.ends, [['tools/call', 'gone']])
})

t.test('a call that takes too long is cancelled and answered, as JSON and as a stream', async (t) => {
  stayAwake(t)
  for (const streams of [false, true]) {
    const front = new Front({ callTimeout: 5 })
    front.server.script = call => { if (streams) call.notify(progress('p')) }
    const reply = await front.post({ meta: { progressToken: 'p' } })
    const answer = streams ? (await events(reply).rest()).at(-1) : json(reply)
    t.match(answer, { id: 1, error: { code: -32603, message: /too long/ } })
    t.match(front.server.cancelled, [{ reason: 'timeout', wasOver: true }])
    t.same(front.ends, [['tools/call', 'timeout']])
  }
})

t.test('a reader that is too slow is cut, and its call cancelled', async (t) => {
  const front = new Front({ maxBuffered: 1_000, stallTimeout: 1 })
  front.server.script = call => call.notify(progress('p'))
  const reply = await front.post({ meta: { progressToken: 'p' } })
  const read = events(reply)
  await read.block()
  const [call] = front.server.served as [ModernCall]
  await eventually(() => {
    call.notify(progress('p', 1, 'x'.repeat(100)))
    return call.isOver
  })
  t.match(front.server.cancelled, [{ reason: 'gone', wasOver: true }])
  t.same(front.ends, [['tools/call', 'cut']])
  await read.rest()
  t.ok(read.cut)
})

t.test('what is said before anybody reads has a bound, too, and the answer comes whatever its size', async (t) => {
  const front = new Front({ maxBuffered: 1_000 })
  const text = '\u{1f310}'.repeat(50_000)
  front.server.script = call => {
    for (let value = 0; value < 1_000; value++) call.notify(progress('p', value, 'x'.repeat(100)))
    call.end({ result: { text } })
  }
  const messages = await events(await front.post({ meta: { progressToken: 'p' } })).rest()
  t.ok(messages.length < 20)
  t.equal(messages.at(-1).result.text, text)
})

t.test('a reader that stalls is cut, while its call runs and after it', async (t) => {
  stayAwake(t)
  const front = new Front({ stallTimeout: 8, keepAlive: 60_000 })
  front.server.script = call => call.notify(progress('p'))
  await front.post({ meta: { progressToken: 'p' } })
  await eventually(() => front.server.cancelled.length === 1)
  t.same(front.ends, [['tools/call', 'cut']])
  front.server.script = call => {
    call.notify(progress('p'))
    call.end({ result: {} })
  }
  await front.post({ meta: { progressToken: 'p' } })
  t.equal(front.endpoint.openStreams, 1)
  await eventually(() => front.endpoint.openStreams === 0)
  t.equal(front.server.cancelled.length, 1)
})

t.test('a call that is over is forgotten, although its deadlines are far away', async (t) => {
  const front = new Front()
  const calls: Array<WeakRef<ModernCall>> = []
  for (const token of ['p', undefined]) {
    front.server.script = async call => {
      calls.push(new WeakRef(call))
      await turns(1)
      call.notify(progress('p'))
      call.end({ result: {} })
    }
    const reply = await front.post({ meta: { progressToken: token } })
    if (token !== undefined) await events(reply).rest()
  }
  front.server.served.length = 0
  await turns()
  await eventually(() => {
    collectGarbage()
    return calls.every(call => call.deref() === undefined)
  })
  t.equal(calls.length, 2)
})
