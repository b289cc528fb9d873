import t from 'tap'
import { HoldfastError } from '@holdfast/core'
import { Front, events } from './fixtures/endpoint.js'
import { Gate, stayAwake, turns } from '@holdfast/waiting'
import { json, refusal, sent } from './fixtures/requests.js'

const REGION = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
const inRegion = (header?: string): object =>
  ({ params: { name: 'hello', arguments: { region: 'eu' } }, headers: { 'mcp-param-region': header } })

/** A front whose server makes its schemas when the test says so. */
function given (options: ConstructorParameters<typeof Front>[0] = {}): { front: Front, gate: Gate<unknown> } {
  const front = new Front(options)
  const gate = new Gate<unknown>()
  front.server.schemas.hello = gate.passed
  return { front, gate }
}

t.test('a call waits for the schema of its tool, and its headers are checked by it', async (t) => {
  const { front, gate } = given()
  const right = front.post(inRegion('eu'))
  const wrong = front.post(inRegion('us'))
  const missing = front.post(inRegion())
  await turns()
  t.same(front.server.served, [])
  t.equal(front.endpoint.runningCalls, 3)
  gate.open(REGION)
  t.match(json(await right), { result: { resultType: 'complete' } })
  t.equal(refusal(await wrong), '400 -32020')
  t.equal(refusal(await missing), '400 -32020')
  t.equal(front.server.served.length, 1)
  t.same(front.ends.map(([, how]) => how).sort(), ['refused', 'refused', 'result'])
  t.equal(front.endpoint.runningCalls, 0)
})

t.test('a schema that cannot be had fails the call, and nothing else', async (t) => {
  const { front } = given()
  front.server.schemas.hello = Promise.reject(new Error('secret'))
  const failed = await front.post()
  t.equal(refusal(failed), '500 -32603')
  t.notMatch(failed.body, 'secret')
  t.match(front.errors, [{ message: 'secret' }])
  front.server.schemas.hello = Promise.reject(new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE'))
  const away = await front.post()
  t.equal(refusal(away), '503 -32603')
  t.ok(away.headers['retry-after'])
  t.equal(front.errors.length, 1, 'an outage is no defect')
  front.server.schemas.hello = undefined
  t.equal((await front.post()).status, 200)
})

t.test('calls that wait for a schema count, so there are only so many', async (t) => {
  const { front, gate } = given({ maxCalls: 2 })
  const waiting = [front.post(), front.post()]
  t.equal(refusal(await front.post()), '503 -32603')
  gate.open(undefined)
  for (const reply of waiting) t.equal((await reply).status, 200)
})

t.test('a client that goes away while its call waits is not served', async (t) => {
  const { front, gate } = given()
  const inbound = sent()
  const reply = front.endpoint.post(inbound)
  inbound.leave()
  t.equal((await reply).status, 499)
  gate.open(undefined)
  await turns()
  t.same(front.server.served, [])
  t.same(front.ends, [['tools/call', 'gone']])
})

t.test('a call that waits too long, or when the process ends, is told so', async (t) => {
  stayAwake(t)
  const slow = given({ callTimeout: 5 })
  t.match(json(await slow.front.post()), { error: { code: -32603, message: /too long/ } })
  const late = given()
  const reply = late.front.post()
  await late.front.endpoint.drain(0)
  t.equal(refusal(await reply), '503 -32603')
  late.gate.open(undefined)
  await turns()
  t.same(late.front.server.served, [])
})

t.test('on a stream, the refusal is the last event', async (t) => {
  const { front, gate } = given({ responseMode: 'sse' })
  const reply = await front.post(inRegion('us'))
  gate.open(REGION)
  const messages = await events(reply).rest()
  t.match(messages, [{ error: { code: -32020, message: 'Header mismatch: Mcp-Param-Region does not match the body' } }])
  t.equal(messages.length, 1)
})
