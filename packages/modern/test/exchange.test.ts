import t from 'tap'
import type { Reply } from '@holdfast/transport'
import type { ModernCall } from '../dist/index.js'
import { Front } from './fixtures/endpoint.js'
import { Events, eventually, stayAwake, turns } from '@holdfast/waiting'
import { collectGarbage } from './fixtures/garbage.js'
import { KEYS, json, refusal, sent } from './fixtures/requests.js'

const progress = (progressToken: unknown, value = 1, message?: string): any =>
  ({ method: 'notifications/progress', params: { progressToken, progress: value, ...(message && { message }) } })
const log = (level: unknown, data: unknown = 'x'): any => ({ method: 'notifications/message', params: { level, data } })

const events = (reply: Reply): Events => {
  if (typeof reply.body === 'string' || reply.body === null) throw new TypeError('the reply is no stream')
  return new Events(reply.body)
}

t.test('auto: a call that says nothing before its result is answered with JSON', async (t) => {
  const front = new Front()
  front.server.script = call => call.end({ result: { content: [], resultType: 'complete' } })
  const reply = await front.post({ id: 'a\u2028"' })
  t.equal(reply.status, 200)
  t.equal(reply.headers['content-type'], 'application/json')
  t.notOk(Object.keys(reply.headers).includes('mcp-session-id'))
  t.notMatch(reply.body, '\u2028')
  t.same(json(reply), { jsonrpc: '2.0', id: 'a\u2028"', result: { content: [], resultType: 'complete' } })
  t.same(front.ends, [['tools/call', 'result']])
  t.ok((front.seconds[0] as number) >= 0 && (front.seconds[0] as number) < 5)
})

t.test('auto: a call that says something becomes a stream, whose events have no ids', async (t) => {
  const front = new Front()
  front.server.script = async call => {
    call.notify(progress('p', 1))
    await turns()
    call.notify(progress('p', 2))
    call.end({ result: { content: [] } })
    call.notify(progress('p', 3))
    call.end({ result: { content: ['again'] } })
  }
  const reply = await front.post({ id: 7, meta: { progressToken: 'p' } })
  t.match(reply.headers, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
  const read = events(reply)
  t.match(await read.rest(), [
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } }, { params: { progress: 2 } },
    { id: 7, result: { resultType: 'complete' } }
  ])
  t.ok(read.seen.every(({ id }) => id === undefined))
  t.equal(front.endpoint.openStreams, 0)
})

t.test('auto: a call that takes longer becomes a stream, with comments while it is quiet', async (t) => {
  stayAwake(t)
  const front = new Front({ streamAfter: 5, keepAlive: 4 })
  front.server.script = () => {}
  const read = events(await front.post())
  t.equal(front.endpoint.openStreams, 1)
  for (let comment = 0; comment < 3; comment++) t.ok((await read.block())?.comment)
  front.server.served[0]?.end({ error: { code: -32601, message: 'no' } })
  t.match(await read.rest(), [{ id: 1, error: { code: -32601, message: 'no' } }])
})

t.test('json: a call never streams, and what it says is lost', async (t) => {
  const front = new Front({ responseMode: 'json', streamAfter: 1 })
  front.server.script = async call => {
    call.notify(progress('p'))
    await new Promise(resolve => setTimeout(resolve, 10))
    call.end({ result: {} })
  }
  t.match(json(await front.post({ meta: { progressToken: 'p' } })), { result: { resultType: 'complete' } })
})

t.test('sse: a call is answered with a stream, unless it fails at once', async (t) => {
  const front = new Front({ responseMode: 'sse' })
  t.match(await new Events((await front.post()).body as string).rest(), [{ id: 1, result: {} }])
  front.server.script = async call => {
    await turns()
    call.end({ error: { code: -32021, message: 'later' } })
  }
  t.match(await events(await front.post()).rest(), [{ error: { code: -32021 } }])
  front.server.script = call => call.end({ error: { code: -32602, message: 'at once' } })
  t.match(await new Events((await front.post()).body as string).rest(), [{ error: { code: -32602 } }])
  front.server.script = call => call.end({ error: { code: -32601, message: 'at once' } })
  t.equal(refusal(await front.post()), '404 -32601')
})

t.test('only what the client asked for is sent', async (t) => {
  const front = new Front()
  front.server.script = call => {
    for (const token of ['other', undefined, 0, '0', 'mine']) call.notify(progress(token))
    for (const level of ['debug', 'info', 'notice', 'warning', 'error', 'none', undefined, 5]) call.notify(log(level))
    call.notify({ method: 'notifications/tools/list_changed', jsonrpc: '2.0' })
    call.notify({ method: 'notifications/progress', jsonrpc: '2.0' })
    call.end({ result: {} })
  }
  t.equal((await front.post()).headers['content-type'], 'application/json', 'nothing')
  const heard = async (meta: object): Promise<unknown[]> =>
    (await events(await front.post({ meta: { ...meta } })).rest())
      .slice(0, -1).map(({ params }) => params.level ?? params.progressToken)
  t.same(await heard({ progressToken: 'mine' }), ['mine'])
  t.same(await heard({ progressToken: 0 }), [0])
  t.same(await heard({ [KEYS.logLevel]: 'notice' }), ['notice', 'warning', 'error'])
  t.same(await heard({ [KEYS.logLevel]: 'debug' }), ['debug', 'info', 'notice', 'warning', 'error'])
})

t.test('errors get the status of their code, while there is no stream', async (t) => {
  const front = new Front()
  const rows: Array<[number, string]> = [
    [-32601, '404 -32601'], [-32021, '400 -32021'], [-32602, '200 -32602'], [-32603, '200 -32603'], [7, '200 7'],
    [-32020, '200 -32020'], [-32002, '200 -32602'], [-32042, '200 -32603'], [-32700, '200 -32700']
  ]
  for (const [code, expected] of rows) {
    front.server.script = call => call.end({ error: { code, message: 'm', data: { a: 1 } } })
    const reply = await front.post()
    t.equal(refusal(reply), expected)
    t.match(json(reply), { id: 1, error: { message: 'm', data: { a: 1 } } })
  }
  front.server.script = call => call.end({ error: { code: 1, message: 'm' }, status: 503, retryAfter: 7 })
  const reply = await front.post()
  t.equal(refusal(reply), '503 1')
  t.equal(reply.headers['retry-after'], '7')
  t.same(json(reply).error, { code: 1, message: 'm' })
  t.ok(front.ends.every(([, how]) => how === 'error'))
})

t.test('what cannot be sent as JSON is reported, and the call ends', async (t) => {
  const front = new Front()
  const circle: any = {}
  circle.circle = circle
  front.server.script = call => call.end({ result: circle })
  t.equal(refusal(await front.post()), '500 -32603')
  front.server.script = call => call.end({ error: { code: -32601, message: 'm', data: circle } })
  t.equal(refusal(await front.post()), '404 -32601')
  front.server.script = call => {
    call.notify(log('error', 1n))
    call.notify(log('error', 'fine'))
    call.end({ error: { code: 5, message: 'm', data: circle } })
  }
  const messages = await events(await front.post({ meta: { [KEYS.logLevel]: 'debug' } })).rest()
  t.match(messages, [{ params: { data: 'fine' } }, { error: { code: 5 } }])
  t.equal(front.errors.length, 4)
  t.equal(front.endpoint.runningCalls, 0)
})

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

t.test('a refusal of the server keeps its status, its challenge and its time', async (t) => {
  const front = new Front()
  front.server.script = call => call.end({
    error: { code: -32600, message: 'no' }, status: 403, authenticate: 'Bearer scope="a"', retryAfter: 7
  })
  const reply = await front.post()
  t.equal(reply.status, 403)
  t.match(reply.headers, { 'www-authenticate': 'Bearer scope="a"', 'retry-after': '7' })
})
