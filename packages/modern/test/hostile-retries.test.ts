import t from 'tap'
import { sealed, unsealed } from '@holdfast/core'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { sealState } from '../dist/parked/call-state.js'
import { bindingOf } from '../dist/request-binding.js'
import { ADA, BOB, type Fleet, fleet, retryOf, sealing } from './fixtures/bridge-fleet.js'
import { accepted, ask, text, v1 } from './fixtures/servers.js'
import { INVALID } from './fixtures/state-tools.js'

const scripts = {
  one: async (scene: any) => (await ask(scene, 'Who?', 'who')).content?.value ?? 'nobody',
  other: () => 'other'
}

const answer = { who: accepted('me') }

/** Another text for the same bytes. */
function notCanonical (state: string): string {
  if (state.length % 4 === 0) return `${state}=`
  return state.slice(0, -1) + String.fromCharCode(state.charCodeAt(state.length - 1) + 1)
}

async function stateOf ({ first }: Fleet, change: object, principal = ADA): Promise<string> {
  const { codec } = first.sessions.vault
  const { owner } = first.sessions.vault.locate('', principal)
  const params = { name: 'do', arguments: { what: 'one' } }
  const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params }
  return await sealState(codec, bindingOf(owner, request), {
    call: 'x'.repeat(43), replica: first.name, position: 0, expires: Date.now() + 60_000, ...change
  })
}

t.test('a state that is wrong in any way gets the same answer', async (t) => {
  const fleet_ = await fleet(t, { createServer: v1(scripts), replicas: 2 })
  const { first, second } = fleet_
  const asked = await first.do('one', { principal: ADA })
  const state = asked.result.requestState as string
  const bytes = Buffer.from(state, 'base64url')
  const last = bytes.length - 1
  bytes[last] = (bytes[last] as number) ^ 1
  const wrong: Record<string, object> = {
    long: { requestState: 'A'.repeat(5_000_000) },
    'another prefix': { requestState: `hf1.${state}` },
    'not canonical': { requestState: notCanonical(state) },
    padded: { requestState: `${state}=` },
    truncated: { requestState: state.slice(0, -4) },
    changed: { requestState: bytes.toString('base64url') },
    empty: { requestState: '' },
    'a number': { requestState: 7 },
    null: { requestState: null },
    'an object': { requestState: { toString: () => state } },
    'other arguments': { requestState: state, arguments: { what: 'other' } },
    'more arguments': { requestState: state, arguments: { what: 'one', nonce: 'x' } },
    'another tool': { requestState: state, name: 'no' },
    expired: { requestState: await stateOf(fleet_, { expires: Date.now() - 1 }) },
    'no state of ours': { requestState: await stateOf(fleet_, { replica: 'x' }) },
    'no position': { requestState: await stateOf(fleet_, { position: -1 }) }
  }
  for (const [what, params] of Object.entries(wrong)) {
    for (const replica of [first, second]) {
      const outcome = await replica.do('one', { principal: ADA, params: { inputResponses: answer, ...params } })
      t.equal(JSON.stringify(outcome), JSON.stringify(INVALID), what)
    }
  }
  for (const { name } of [first, second]) {
    const requestState = await stateOf(fleet_, { replica: name })
    const lost = await first.do('one', { principal: ADA, params: { inputResponses: answer, requestState } })
    t.match(lost, { error: { code: -32603, message: /it may have run/ } }, 'a story that is lost')
  }
  for (const principal of [BOB, null, { subject: 'ada', issuer: 'x' }]) {
    t.same(await first.do('one', { principal, ...retryOf(asked, answer) }), INVALID, 'another principal')
  }
  t.same(await first.call({
    method: 'prompts/get', name: 'do', arguments: { what: 'one' }, principal: ADA, ...retryOf(asked, answer)
  }), INVALID, 'another method')
  t.equal(text(await second.do('one', { principal: ADA, ...retryOf(asked, answer) })), 'me', 'the call still waits')
})

t.test('members of arguments may come in another order', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.call({ name: 'do', arguments: { what: 'one', nonce: 'n' } })
  const done = await first.call({ name: 'do', arguments: { nonce: 'n', what: 'one' }, ...retryOf(asked, answer) })
  t.equal(text(done), 'me')
})

t.test('a key that is missing is a failure of ours', async (t) => {
  const { codec, keyring } = sealing('k1')
  const { first } = await fleet(t, { createServer: v1(scripts), codec })
  const asked = await first.do('one')
  keyring.replace(generateKey('k2'))
  t.match(await first.do('one', retryOf(asked, answer)), { status: 503, error: { code: -32603 } })
})

t.test('after a rotation, states of the older key go on', async (t) => {
  const [old, fresh] = [generateKey('k1'), generateKey('k2')]
  const keyring = new Keyring(old)
  const { first } = await fleet(t, { createServer: v1(scripts), codec: sealed(new Envelope(keyring), keyring) })
  const asked = await first.do('one')
  keyring.replace(`${fresh},${old}`)
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
})

t.test('answers of a wrong form', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.do('one')
  const invalid = { error: { code: -32602 } }
  for (const given of [null, 7, 'text', [], [accepted('me')], { who: null }, { who: 7 }, { who: [] }]) {
    t.match(await first.do('one', retryOf(asked, given)), invalid, JSON.stringify(given))
    t.match(await first.do('one', { params: { inputResponses: given } }), invalid, 'without a state, too')
  }
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, accepted('x')]))
  t.match(await first.do('one', retryOf(asked, many)), { error: { code: -32600 }, status: 400 })
  t.equal(text(await first.do('one', retryOf(asked, answer))), 'me')
})

t.test('keys that name members of every object', async (t) => {
  for (const elsewhere of [false, true]) {
    const { first, second } = await fleet(t, { createServer: v1(scripts), replicas: 2 })
    const replica = elsewhere ? second : first
    const asked = await first.do('one')
    const hostile = JSON.parse('{"__proto__":{"action":"accept"},"constructor":{},"toString":{}}')
    const again = await replica.do('one', retryOf(asked, hostile))
    t.same(Object.keys(again.result.inputRequests), ['who'])
    t.equal(({} as any).action, undefined)
    const both = JSON.parse('{"__proto__":{"action":"accept"},"who":{"action":"accept","content":{"value":"me"}}}')
    t.equal(text(await replica.do('one', retryOf(asked, both))), 'me')
  }
})

t.test('a question may have such a name', async (t) => {
  const { first, second } = await fleet(t, {
    createServer: v1({ one: async scene => (await ask(scene, 'Who?', '__proto__')).content?.value }), replicas: 2
  })
  const asked = await first.do('one')
  t.same(Object.keys(asked.result.inputRequests), ['__proto__'])
  const mine = JSON.parse('{"__proto__":{"action":"accept","content":{"value":"me"}}}')
  t.equal(text(await second.do('one', retryOf(asked, mine))), 'me')
})

t.test('an answer that the server refuses is the error of its handler', async (t) => {
  const { first } = await fleet(t, { createServer: v1(scripts) })
  const asked = await first.do('one')
  const { result } = await first.do('one', retryOf(asked, { who: { action: 'steal' } }))
  t.equal(result.isError, true)
})

t.test('without a seal, a state still opens no call of another request', async (t) => {
  const fleet_ = await fleet(t, { createServer: v1(scripts), codec: unsealed, replicas: 2 })
  const { first, second } = fleet_
  const asked = await first.do('one', { principal: ADA })
  const state = JSON.parse(Buffer.from(asked.result.requestState, 'base64url').toString())
  t.equal(state.length, 4)
  for (const replica of [first, second]) {
    t.same(await replica.do('other', { principal: ADA, ...retryOf(asked, answer) }), INVALID)
    t.same(await replica.do('one', { principal: BOB, ...retryOf(asked, answer) }), INVALID)
    for (const junk of ['[]', '{}', 'null', '"x"', '[1,2,3,4]', 'junk']) {
      const requestState = Buffer.from(junk).toString('base64url')
      t.same(await replica.do('one', { principal: ADA, params: { requestState } }), INVALID, junk)
    }
  }
  t.equal(text(await second.do('one', { principal: ADA, ...retryOf(asked, answer) })), 'me')
  t.same(await first.do('other', { principal: ADA, ...retryOf(asked, answer) }), INVALID, 'nor after its end')
})
