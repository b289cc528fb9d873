import { Sessions } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { HandlerExtra } from '@holdfast/transport'
import t from 'tap'
import { requestStateCodec } from '../dist/index.js'
import { textOf } from './fixtures/modern-call.js'
import { ANN, BOB, INVALID, KEY, StateReplica, keys, newKey, replica } from './fixtures/state-tools.js'

/** The same bytes, spelled with other spare bits in the last character. */
function nonCanonical (state: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(state.at(-1) as string)
  const changed = state.slice(0, -1) + alphabet[last ^ 1]
  if (Buffer.from(changed.slice(4), 'base64url').compare(Buffer.from(state.slice(4), 'base64url')) === 0) return changed
  // No spare bits in a text of this length: a character that Node ignores.
  return `${state.slice(0, -2)}.${state.slice(-2)}`
}

t.test('a state comes back as it was, on another replica, and the client cannot read it', async (t) => {
  const backend = memory()
  const first = await new StateReplica(backend, keys().codec).start(t)
  const second = await new StateReplica(backend, keys().codec).start(t)
  const state = await first.begin()
  t.match(state, /^hf1\.[\w-]+$/)
  t.notMatch(Buffer.from(state.slice(4), 'base64url').toString('latin1'), /canary|shop/)
  t.match(textOf(await second.retry(state)), /"secret":"canary"/)
  t.match(textOf(await second.retry(state)), /paid 2/, 'without `once` it may come again')
  t.not(await first.begin(), state, 'each is different')
})

t.test('hostile states: every refusal is the same, byte by byte', async (t) => {
  let now = 1_000_000
  const dropped = keys({ id: 'k1', key: KEY }, { id: 'k2', key: newKey() })
  const it = await replica(t, { now: () => now, ttl: 1_000 }, dropped.codec)
  const state = await it.begin()
  const bytes = Buffer.from(state.slice(4), 'base64url')
  const text = (bytes: Uint8Array): string => `hf1.${Buffer.from(bytes).toString('base64url')}`
  const other = new StateReplica(memory(), keys().codec, { now: () => now, ttl: 1_000 })
  await other.start(t)
  const flipped = (at: number): string => {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] as number) ^ 1
    return text(copy)
  }
  const refused: Record<string, unknown> = {
    empty: '',
    'only the prefix': 'hf1.',
    'another prefix': `v1.${state.slice(4)}`,
    'no prefix': state.slice(4),
    padding: `${state}=`,
    'a newline': `${state}\n`,
    'the other alphabet': `hf1.${bytes.toString('base64')}`,
    'spare bits': nonCanonical(state),
    'a truncated tag': text(bytes.subarray(0, -1)),
    'an appended byte': text(Buffer.concat([bytes, Buffer.of(0)])),
    'a turned bit of the tag': flipped(bytes.length - 1),
    'a turned bit of the content': flipped(bytes.length - 20),
    'a turned bit of the message id': flipped(10),
    'another version': flipped(0),
    number: 7,
    null: null,
    object: {},
    array: [state],
    boolean: true,
    '5 MB': `hf1.${'A'.repeat(5_000_000)}`
  }
  const answers = new Map<string, string>()
  for (const [what, given] of Object.entries(refused)) answers.set(what, JSON.stringify(await it.retry(given)))
  answers.set('another principal', JSON.stringify(await it.retry(state, 'pay', { to: 'shop' }, { principal: BOB })))
  answers.set('nobody', JSON.stringify(await it.retry(state, 'pay', { to: 'shop' }, { principal: null })))
  answers.set('another tool', JSON.stringify(await it.retry(state, 'pay2')))
  for (const args of [{ to: 'me' }, { to: 'shop', note: 1 }, {}, { to: ['shop'] }]) {
    answers.set(`arguments ${JSON.stringify(args)}`, JSON.stringify(await it.retry(state, 'pay', args)))
  }
  now += 1_000
  answers.set('expired', JSON.stringify(await it.retry(state)))
  for (const [what, answer] of answers) t.equal(answer, JSON.stringify(INVALID), what)
  t.same(it.paid, [])
  now -= 1
  t.match(textOf(await it.retry(state)), /paid 1/, 'one millisecond before it expires')
})

t.test('arguments are the same in any order, and with any spelling of a number', async (t) => {
  const it = await replica(t)
  const state = await it.begin('pay', { to: { b: 1, a: [42, { d: 1, c: 2 }] }, note: null })
  t.match(textOf(await it.retry(state, 'pay', { note: null, to: { a: [42.0, { c: 2, d: 1 }], b: 1e0 } })), /paid/)
  for (const to of [
    { b: 1, a: [42, { d: 1, c: 3 }] }, { b: 1, a: [{ d: 1, c: 2 }, 42] }, { b: '1', a: [42, { d: 1, c: 2 }] }
  ]) t.same(await it.retry(state, 'pay', { to, note: null }), INVALID)
  const infinite = await it.begin('pay', { to: JSON.parse('1e999') })
  t.same(await it.retry(infinite, 'pay', { to: null }), INVALID)
  const zero = await it.begin('pay', { to: -0 })
  t.same(await it.retry(zero, 'pay', { to: 0 }), INVALID)
  const own = await it.begin('pay', { to: JSON.parse('{"__proto__":{"x":1}}') })
  t.same(await it.retry(own, 'pay', { to: {} }), INVALID)
  const lone = await it.begin('pay', { to: '\ud800' })
  t.same(await it.retry(lone, 'pay', { to: '\udfff' }), INVALID)
})

t.test('endless nesting is an error of the call, not of the process', async (t) => {
  const it = await replica(t)
  const state = await it.begin()
  let to: unknown = 1
  for (let depth = 0; depth < 300; depth++) to = [to]
  t.same(await it.retry(state, 'pay', { to }), INVALID)
})

t.test('states rotate with the keyring; an unknown key is 503, not a refusal', async (t) => {
  const second = newKey()
  const { codec, keyring } = keys()
  const it = await replica(t, {}, codec)
  const state = await it.begin()
  keyring.replace([{ id: 'k2', key: second }, { id: 'k1', key: KEY }])
  t.match(textOf(await it.retry(state)), /paid/, 'the old key still opens')
  const fresh = await it.begin()
  keyring.drop('k1')
  t.match(textOf(await it.retry(fresh)), /paid/)
  const unknown = await it.retry(state)
  t.match(unknown, { error: { code: -32603 }, status: 503, retryAfter: 5 })
  t.notMatch(JSON.stringify(unknown), /k1|hf1/)
  keyring.replace([{ id: 'k2', key: second }, { id: 'k1', key: KEY, state: 'revoked' }])
  t.same(await it.retry(state), INVALID, 'a revoked key')
})

t.test('states of 500 concurrent calls on one server never mix', async (t) => {
  const it = await replica(t)
  const caller = (n: number): object => ({ principal: { subject: `p${n}` } })
  const states = await Promise.all(
    Array.from({ length: 500 }, async (_, n) => await it.begin('pay', { to: n % 7 }, caller(n)))
  )
  const crossed = await Promise.all(
    states.map(async (state, n) => await it.retry(state, 'pay', { to: (n + 7) % 7 }, caller((n + 7) % 500)))
  )
  t.equal(crossed.filter(outcome => 'result' in outcome).length, 0)
  const own = await Promise.all(states.map(async (state, n) => await it.retry(state, 'pay', { to: n % 7 }, caller(n))))
  t.equal(own.filter((outcome, n) => textOf(outcome).includes(`"to":${n % 7},`)).length, 500)
})

t.test('what may be minted', async (t) => {
  const { codec } = keys()
  const sessions = new Sessions({ backend: memory(), codec })
  const states = requestStateCodec({ sessions })
  const extra = new HandlerExtra({ headers: {}, url: 'http://x.test/', principal: ANN, isGone: () => false }, {
    era: 'sessions', version: '2025-11-25', principal: ANN, client: undefined, capabilities: {}, trace: undefined
  })
  const ctx = { mcpReq: { method: 'tools/call' }, http: { req: extra.request } }
  t.same(await states.verify(await states.mint({ a: 1 }, ctx), ctx), { a: 1 }, 'in a session, too')
  await t.rejects(states.verify(await states.mint(1, ctx), { ...ctx, mcpReq: { method: 'prompts/get' } }))
  await t.rejects(states.mint(undefined, ctx), TypeError)
  await t.rejects(states.mint(1, {}), TypeError, 'no request of Holdfast')
  await t.rejects(states.mint('x'.repeat(50_000), ctx), { code: 'HOLDFAST_STATE_TOO_LARGE' })
  const error = await states.verify('hf1.secret', ctx).catch(error => error)
  t.notMatch((error as Error).message, /secret/)
})

t.test('a codec whose keys are elsewhere', async (t) => {
  const { codec } = keys()
  const it = await replica(t, {}, {
    seal: async (...args) => await codec.seal(...args), open: async (...args) => await codec.open(...args)
  })
  const state = await it.begin()
  t.match(textOf(await it.retry(state)), /paid/)
  t.same(await it.retry(state, 'pay2'), INVALID)
})
