import t from 'tap'
import type { ParkedEvent, StateOutcome } from '../dist/index.js'
import { Front } from './fixtures/endpoint.js'
import { sent } from './fixtures/requests.js'
import { ADA, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { type Scripts, accepted, ask, v1 } from './fixtures/servers.js'

t.test('what becomes of the states of clients', async (t) => {
  const told: Array<[StateOutcome, string]> = []
  const front = new Front({ onState: (outcome, { principal }) => { told.push([outcome, String(principal?.subject)]) } })
  const principal = { subject: 'ada' }
  const post = async (params: object = {}): Promise<void> => {
    await front.endpoint.post(sent({ params: { ...params }, principal }))
  }
  const ends = (outcome: any): void => { front.server.script = call => call.end(outcome) }
  await post()
  ends({ result: { resultType: 'input_required', requestState: 's', inputRequests: {} } })
  await post()
  await post({ requestState: 's' })
  ends({ result: { resultType: 'input_required', inputRequests: {} } })
  await post()
  for (const data of [{ reason: 'invalid_request_state' }, { reason: 'used' }, { reason: 'constructor' }, null, 7]) {
    ends({ error: { code: -32602, message: 'no', data } })
    await post({ requestState: 's' })
  }
  t.strictSame(told, [
    ['issued', 'ada'], ['accepted', 'ada'], ['issued', 'ada'], ['invalid', 'ada'], ['used', 'ada']
  ])
})

t.test('who is told of states and fails changes nothing', async (t) => {
  const failure = new Error('told')
  const front = new Front({ onState: () => { throw failure } })
  const reply = await front.post({ params: { requestState: 's' } })
  t.equal(reply.status, 200)
  t.strictSame(front.errors, [failure])
})

t.test('what becomes of parked calls', async (t) => {
  const events: ParkedEvent[] = []
  const scripts: Scripts = {
    asked: async scene => {
      await ask(scene, 'One?', 'one')
      await new Promise(resolve => setTimeout(resolve, 20))
      await ask(scene, 'Two?', 'two')
      return 'done'
    }
  }
  const { first } = await fleet(t, { createServer: v1(scripts), onParked: event => { events.push(event) } })
  const attempt = async (more: object = {}): Promise<any> =>
    await first.begin({ name: 'do', arguments: { what: 'asked' }, principal: ADA, ...more }).outcome
  let outcome = await attempt()
  for (const key of ['one', 'two']) outcome = await attempt(retryOf(outcome, { [key]: accepted('me') }))
  await attempt()
  await first.bridge.close()
  t.strictSame(events.map(({ kind }) => kind), ['parked', 'resumed', 'parked', 'resumed', 'parked', 'abandoned'])
  t.ok(events.every(({ owner }) => /^[\w-]{43}$/.test(owner)))
  t.equal(events.at(-1)?.reason, 'the process ends')
})
