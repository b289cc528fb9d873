import t from 'tap'
import { type Json, isObject } from '../dist/index.js'
import { decodeState, encodeState, initialState, settleState } from '../dist/state.js'

const valid = JSON.parse(JSON.stringify(initialState({ principal: { subject: 'ada' }, data: { n: 1 } })))
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

t.test('what is encoded is decoded, frozen through and through', async (t) => {
  const { body, state } = encodeState({ ...valid, data: { list: [{ deep: [1] }], text: 'é\u2028' } }, 10_000, 'update')
  t.strictSame(decodeState(body), state)
  t.strictSame(decodeState(Buffer.concat([Buffer.from('xx'), body]).subarray(2)), state, 'also as part of a larger buffer')
  const frozen = (value: unknown): boolean => !isObject(value) && !Array.isArray(value)
    ? true
    : Object.isFrozen(value) && Object.values(value).every(frozen)
  t.ok(frozen(state))
  t.throws(() => { (state.data as any).list[0].deep.push(2) }, TypeError)
})

t.test('a session starts empty, and keeps of its principal only what says who it is', async (t) => {
  t.strictSame(initialState({}), {
    schema: 1,
    principal: null,
    client: {},
    handshake: { initialize: {}, protocolVersion: '', initialized: false },
    replay: { subscriptions: [] },
    context: null,
    data: {}
  })
  const principal = { issuer: 'i', subject: 's', clientId: 'c', tenantId: 't', perClient: true }
  const known = { ...principal, token: 'secret', scopes: ['all'] }
  t.strictSame(initialState({ principal: known }).principal, principal)
  t.strictSame(initialState({ principal: { subject: 's' } }).principal, { subject: 's' })
  t.strictSame(initialState({ principal: { subject: 's', perClient: false } }).principal, { subject: 's' })
})

t.test('a body of any other shape is refused', async (t) => {
  const hostile: unknown[] = [null, 1, 'text', [], [valid], {}, { __proto__: null, ...valid, schema: 2 }]
  for (const name of Object.keys(valid)) {
    const { [name]: removed, ...rest } = valid
    hostile.push(rest)
    for (const wrong of [undefined, 7, 'text', [], true]) if (name !== 'context') hostile.push({ ...valid, [name]: wrong })
  }
  for (const principal of [{}, { subject: '' }, { subject: 1 }, { subject: 'ada', issuer: 1 }, { subject: 'ada', clientId: null }, { subject: 'ada', tenantId: [] }, { subject: 'ada', perClient: 1 }]) {
    hostile.push({ ...valid, principal })
  }
  for (const handshake of [{}, { ...valid.handshake, initialize: [] }, { ...valid.handshake, protocolVersion: 1 }, { ...valid.handshake, initialized: 'yes' }]) {
    hostile.push({ ...valid, handshake })
  }
  for (const replay of [{}, { subscriptions: 'all' }, { subscriptions: [1] }, { subscriptions: [null] }, { subscriptions: [], logLevel: 1 }]) hostile.push({ ...valid, replay })
  for (const body of hostile) {
    t.throws(() => decodeState(bytes(body)), { code: 'HOLDFAST_INVALID_STATE' }, JSON.stringify(body))
  }
  t.ok(decodeState(bytes({ ...valid, replay: { subscriptions: ['a'], logLevel: 'debug' } })))
})

t.test('a shape that hides behind __proto__ does not count', async (t) => {
  const hidden = Buffer.from(`{"__proto__":${JSON.stringify(valid)}}`)
  t.throws(() => decodeState(hidden), { code: 'HOLDFAST_INVALID_STATE' })
  const { data } = decodeState(Buffer.from(JSON.stringify(valid).replace('{"n":1}', '{"__proto__":{"admin":true},"constructor":1}')))
  t.equal((data as any).admin, undefined)
  t.equal(({} as any).admin, undefined)
  t.strictSame(Object.keys(data), ['__proto__', 'constructor'])
})

t.test('damage is an error that never quotes what was read', async (t) => {
  const text = JSON.stringify({ ...valid, context: { apiKey: 'hush-hush' } })
  const damaged = [text.slice(0, -1), text.slice(0, 60), text + 'hush', 'hush', '', text.replace(':', ' hush '), text.replace('{', '{"hush":7,}')]
  for (const body of [...damaged.map(one => Buffer.from(one)), Buffer.from([0xff, 0xfe, 0]), bytes({ context: 'hush' })]) {
    try {
      decodeState(body)
      t.fail(`accepted ${body.toString()}`)
    } catch (error) {
      t.match(error, { code: 'HOLDFAST_INVALID_STATE', cause: undefined })
      t.notMatch((error as Error).stack, /hush/)
    }
  }
})

t.test('nesting beyond what the stack bears is an error, not a crash', async (t) => {
  const nested = '['.repeat(100_000) + ']'.repeat(100_000)
  t.throws(() => decodeState(Buffer.from(JSON.stringify(valid).replace('{"n":1}', `{"n":${nested}}`))), { code: 'HOLDFAST_INVALID_STATE' })
  t.throws(() => encodeState({ ...valid, data: { n: JSON.parse(nested) } }, Infinity, 'update'), { code: 'HOLDFAST_STATE_TOO_LARGE' })
})

t.test('a change that is nested too deeply is too large, and one that JSON cannot say is a mistake', async (t) => {
  let deep: Json = []
  for (let i = 0; i < 100_000; i++) deep = [deep]
  const endless: Record<string, unknown> = {}
  endless['self'] = endless
  let asked = 0
  // It fits the stack of JSON.stringify, whose frames are smaller.
  const between = { get text () { return asked++ === 0 ? fail() : '' } }
  const fail = (): never => { throw new RangeError('Maximum call stack size exceeded') }
  const tooLarge = { code: 'HOLDFAST_STATE_TOO_LARGE' }
  t.throws(() => settleState({ ...valid, data: { deep } }, valid), tooLarge)
  t.throws(() => settleState({ ...valid, data: between }, valid), tooLarge)
  t.throws(() => settleState({ ...valid, data: endless }, valid), TypeError)
  t.throws(() => settleState({ ...valid, data: { big: 1n } }, valid), TypeError)
})

t.test('the limit counts the bytes of the encoded state', async (t) => {
  const { length } = encodeState(valid, Infinity, 'update').body
  t.ok(encodeState(valid, length, 'update'))
  t.throws(() => encodeState(valid, length - 1, 'update'), { code: 'HOLDFAST_STATE_TOO_LARGE' })
  t.equal(encodeState({ ...valid, data: { n: 'é' } }, Infinity, 'update').body.length, length + 3)
})

t.test('what JSON cannot say is refused where it comes in', async (t) => {
  t.throws(() => encodeState({ ...valid, data: [] as never }, 1_000, 'create'), { code: 'HOLDFAST_INVALID_OPTION', path: 'create' })
  t.throws(() => encodeState({ ...valid, data: undefined as never }, 1_000, 'create'), { code: 'HOLDFAST_INVALID_OPTION' })
  t.throws(() => encodeState({ ...valid, context: 1n as never }, 1_000, 'create'), TypeError)
  const circular: any = {}
  circular.self = circular
  t.throws(() => encodeState({ ...valid, data: circular }, 1_000, 'create'), TypeError)
})
