import t from 'tap'
import { HoldfastError, type Principal } from '@holdfast/core'
import { ModernEndpoint } from '../dist/index.js'
import { Front, events } from './fixtures/endpoint.js'
import { eventually, stayAwake, turns } from '@holdfast/waiting'
import { FakeInbound, KEYS, VERSION, json, refusal, sent } from './fixtures/requests.js'

t.test('methods that the revision does not have are not found, whatever the server has', async (t) => {
  const front = new Front()
  for (const method of [
    'initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'tasks/list',
    'tasks/result', 'subscriptions/listen', 'roots/list', 'sampling/createMessage', 'elicitation/create'
  ]) {
    const reply = await front.post({ id: 'x', method })
    t.equal(refusal(reply), '404 -32601')
    t.equal(json(reply).id, 'x')
    t.same(front.ends.pop(), [method, 'refused'])
  }
  t.equal(front.server.served.length, 0)
  await front.post({ method: 'com.example/own' })
  t.same(front.ends.pop(), ['other', 'result'], 'other methods are for the server')
})

t.test('what a server throws ends the call, at once and later', async (t) => {
  const rows: Array<[unknown, string, string | undefined, boolean]> = [
    [new Error('secret'), '500 -32603', undefined, true],
    [new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE'), '503 -32603', '1', false],
    [new HoldfastError('HOLDFAST_KEY_UNAVAILABLE'), '503 -32603', '5', false],
    [new HoldfastError('HOLDFAST_LIMIT_REACHED'), '503 -32603', '10', false],
    [new HoldfastError('HOLDFAST_STATE_TOO_LARGE'), '413 -32600', undefined, false],
    [new HoldfastError('HOLDFAST_SESSION_GONE'), '500 -32603', undefined, true],
    [new HoldfastError('HOLDFAST_FACTORY_FAILED', 'secret'), '500 -32603', undefined, true],
    [Object.assign(new Error('not for you'), { statusCode: 403 }), '403 -32600', undefined, false]
  ]
  for (const [error, expected, retryAfter, reported] of rows) {
    for (const later of [false, true]) {
      const front = new Front()
      front.server.script = later
        ? async () => { await turns(1); throw error }
        : () => { throw error }
      const reply = await front.post()
      t.equal(refusal(reply), expected)
      t.equal(reply.headers['retry-after'], retryAfter)
      t.notMatch(reply.body, 'secret')
      t.same(front.errors, reported ? [error] : [])
      t.equal(front.endpoint.runningCalls, 0)
    }
  }
})

t.test('an error after the end is reported, and changes nothing', async (t) => {
  const front = new Front()
  front.server.script = async call => {
    call.end({ result: {} })
    await turns(1)
    throw new Error('too late')
  }
  t.equal((await front.post()).status, 200)
  await eventually(() => front.errors.length === 1)
  t.same(front.ends, [['tools/call', 'result']])
})

t.test('a server that fails where it must not is reported', async (t) => {
  const failure = new Error('broken')
  const front = new Front({ onCall: () => { throw failure } })
  front.server.cancel = () => { throw failure }
  const inbound = sent()
  front.server.script = () => {}
  const reply = front.endpoint.post(inbound)
  inbound.leave()
  await reply
  front.server.inputSchema = () => { throw failure }
  t.equal(refusal(await front.post()), '500 -32603')
  t.same(front.errors, [failure, failure, failure, failure])
  front.server.inputSchema = () => { throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE') }
  const refused = await front.post()
  t.equal(refusal(refused), '503 -32603')
  t.equal(refused.headers['retry-after'], '1')
  const { onCall, ...options } = front.options
  t.equal((await new ModernEndpoint({ ...options, server: new Front().server }).post(sent())).status, 200, 'no onCall')
})

const as = (subject: string | null, more: Partial<Principal> = {}): Principal | null =>
  subject === null ? null : { subject, ...more }

t.test('so many calls run, and half of them for one owner as long as owners differ', async (t) => {
  const front = new Front({ maxCalls: 4 })
  front.server.script = () => {}
  const call = async (principal: Principal | null): Promise<string> => {
    const reply = front.endpoint.post(sent({ principal }))
    return reply instanceof Promise ? 'runs' : refusal(reply)
  }
  for (const expected of ['runs', 'runs', 'runs', 'runs', '503 -32603']) t.equal(await call(as('a')), expected, 'alone')
  t.equal(await call(as('b')), '503 -32603')
  for (const { end } of front.server.served.splice(0, 2).map(call => ({ end: () => call.end({ result: {} }) }))) end()
  t.equal(front.endpoint.runningCalls, 2)
  t.equal(await call(as('a')), '503 -32603', 'b was there, and a has half')
  t.equal(await call(as('b')), 'runs')
  t.equal(await call(as('a', { tenantId: 't' })), 'runs', 'another tenant is another owner')
  t.equal(await call(as('c')), '503 -32603', 'all places are taken')
  const refused = await front.post({ id: 9, principal: as('c') })
  t.equal(refused.headers['retry-after'], '1')
  t.equal(json(refused).id, 9)
  for (const running of front.server.served) running.end({ result: {} })
  t.equal(front.endpoint.runningCalls, 0)
  for (const expected of ['runs', 'runs', 'runs', 'runs', '503 -32603']) t.equal(await call(null), expected, 'nobody')
})

t.test('an owner is what its principal says, part by part', async (t) => {
  const owners: Array<Principal | null> = [
    as('a', { issuer: 'b' }), as('ab'), as('a', { tenantId: 'b' }), as('a', { issuer: '' }), as('a'),
    as('a', { clientId: 'b', perClient: true }), as('a', { perClient: true })
  ]
  const front = new Front({ maxCalls: 2 })
  front.server.script = () => {}
  for (const principal of owners) {
    const replies = [principal, owners[0] === principal ? as('z') : owners[0] as Principal]
      .map(principal => front.endpoint.post(sent({ principal })))
    t.ok(replies.every(reply => reply instanceof Promise), JSON.stringify(principal))
    for (const running of front.server.served.splice(0)) running.end({ result: {} })
  }
  const same = [as('a'), as('a', { clientId: 'x' })].map(principal => front.endpoint.post(sent({ principal })))
  t.ok(same[0] instanceof Promise)
  t.equal(refusal(await same[1] as any), '503 -32603', 'the client is no part of it')
})

t.test('an owner that is alone again may have every place', async (t) => {
  const front = new Front({ maxCalls: 2 })
  front.server.script = () => {}
  const { now } = performance
  t.teardown(() => { performance.now = now })
  for (const subject of ['b', 'a']) void front.endpoint.post(sent({ principal: { subject } }))
  front.server.served[0]?.end({ result: {} })
  t.equal(refusal(await front.endpoint.post(sent({ principal: { subject: 'a' } })) as any), '503 -32603')
  performance.now = () => now.call(performance) + 600_000
  t.ok(front.endpoint.post(sent({ principal: { subject: 'a' } })) instanceof Promise)
  for (const running of front.server.served) running.end({ result: {} })
})

t.test('start waits for the server', async (t) => {
  const front = new Front()
  await front.endpoint.start()
  t.equal(front.server.started, 1)
  const error = new HoldfastError('HOLDFAST_FACTORY_FAILED')
  front.server.start = async () => { throw error }
  await t.rejects(front.endpoint.start(), error)
})

t.test('drain: new calls go elsewhere, running ones get their time', async (t) => {
  const front = new Front()
  front.server.script = () => {}
  const running = front.endpoint.post(sent())
  const drained = front.endpoint.drain(60_000)
  const refused = await front.post()
  t.equal(refusal(refused), '503 -32603')
  t.equal(refused.headers['retry-after'], '1')
  t.equal((await front.endpoint.post(new FakeInbound({ jsonrpc: '2.0', method: 'notifications/x' }))).status, 202)
  front.server.served[0]?.end({ result: { done: true } })
  t.match(json(await running), { result: { done: true } })
  await drained
  t.same(front.server.cancelled, [])
  await front.endpoint.drain(0)
})

t.test('drain: calls that are left get an honest error, and the streams their end', async (t) => {
  stayAwake(t)
  const front = new Front()
  const progress: any = { method: 'notifications/progress', params: { progressToken: 1 } }
  front.server.script = call => call.notify(progress)
  const waiting = front.endpoint.post(sent({ id: 'a' }))
  const stream = events(await front.post({ id: 'b', meta: { progressToken: 1 } }))
  await stream.message()
  let isDrained = false
  const drained = front.endpoint.drain(0).then(() => { isDrained = true })
  const reply = await waiting
  await turns()
  t.notOk(isDrained, 'the last words are not read yet')
  t.equal(refusal(reply), '503 -32603')
  t.match(json(reply), { id: 'a', error: { message: /has ended; call again/ } })
  t.equal(reply.headers['retry-after'], '1')
  t.match(await stream.rest(), [{ id: 'b', error: { code: -32603, message: /has ended; call again/ } }])
  await turns()
  t.ok(isDrained)
  await drained
  t.equal(front.endpoint.openStreams, 0)
  t.match(front.server.cancelled, [{ reason: 'closing', wasOver: true }, { reason: 'closing', wasOver: true }])
  t.ok(front.ends.every(([, how]) => how === 'closing' || how === 'refused'))
})

t.test('drain: it does not wait for a reader that reads nothing', async (t) => {
  stayAwake(t)
  const front = new Front({ responseMode: 'sse' })
  front.server.script = () => {}
  await front.post()
  await front.endpoint.drain(0)
  t.equal(front.endpoint.openStreams, 1)
  await front.endpoint.close(0)
  t.equal(front.endpoint.openStreams, 0)
})

t.test('close lets go of everything, in time', async (t) => {
  stayAwake(t)
  const front = new Front()
  front.server.script = () => {}
  const running = front.endpoint.post(sent())
  await front.endpoint.close(1_000)
  t.equal(refusal(await running), '503 -32603')
  t.equal(refusal(await front.post()), '503 -32603')
  t.equal(front.server.closed, 1)
  t.same(front.errors, [])
  front.server.close = async () => { await new Promise(() => {}) }
  await front.endpoint.close(1)
  t.match(front.errors, [{ message: /in time/ }])
  const error = new Error('no')
  front.server.close = async () => { throw error }
  await front.endpoint.close(1_000)
  t.equal(front.errors[1], error)
})

t.test('hostile probes: nothing of them stays', async (t) => {
  const front = new Front()
  for (let probe = 0; probe < 10_000; probe++) {
    const inbound = new FakeInbound({
      jsonrpc: '2.0', id: probe, method: `tools/${probe}`, params: { _meta: { [KEYS.version]: `v${probe}` } }
    }, { 'mcp-protocol-version': VERSION, 'mcp-method': `x${probe}` })
    const reply = front.endpoint.post(inbound)
    if (reply instanceof Promise || reply.status !== 400) t.fail(String(probe))
  }
  t.equal(front.endpoint.runningCalls, 0)
  t.equal(front.server.served.length, 0)
  t.equal(new Set(front.ends.map(([method]) => method)).size, 1)
})

t.test('a request tells what it says of itself, before it is refused', async (t) => {
  const front = new Front()
  const known: unknown[] = []
  const inbound = Object.assign(sent({ method: 'ping' }), { known (claims: unknown) { known.push(claims) } })
  t.equal(refusal(await front.endpoint.post(inbound)), '404 -32601')
  t.match(known, [{ version: VERSION, capabilities: {}, client: { name: 'c', version: '1' } }])
})
