import t from 'tap'
import { Front, events, progress } from './fixtures/endpoint.js'
import { stayAwake, turns } from '@holdfast/waiting'
import { KEYS, json, refusal } from './fixtures/requests.js'

const log = (level: unknown, data: unknown = 'x'): any => ({ method: 'notifications/message', params: { level, data } })

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
  t.match(await events(await front.post()).rest(), [{ id: 1, result: {} }])
  front.server.script = async call => {
    await turns()
    call.end({ error: { code: -32021, message: 'later' } })
  }
  t.match(await events(await front.post()).rest(), [{ error: { code: -32021 } }])
  front.server.script = call => call.end({ error: { code: -32602, message: 'at once' } })
  t.match(await events(await front.post()).rest(), [{ error: { code: -32602 } }])
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

t.test('a refusal of the server keeps its status, its challenge and its time', async (t) => {
  const front = new Front()
  front.server.script = call => call.end({
    error: { code: -32600, message: 'no' }, status: 403, authenticate: 'Bearer scope="a"', retryAfter: 7
  })
  const reply = await front.post()
  t.equal(reply.status, 403)
  t.match(reply.headers, { 'www-authenticate': 'Bearer scope="a"', 'retry-after': '7' })
})
