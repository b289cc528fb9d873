import t from 'tap'
import { type Json, isObject } from '../dist/index.js'
import { sessionFormat } from '../dist/session-format.js'
import { initialState } from '../dist/state.js'

const valid = JSON.parse(JSON.stringify(initialState({ principal: { subject: 'ada' }, data: { n: 1 } })))
const format = sessionFormat(10_000)
const unlimited = sessionFormat(Infinity)
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

t.test('what is encoded is decoded, frozen through and through', async (t) => {
  const { body, value: state } = format.begin({ ...valid, data: { list: [{ deep: [1] }], text: 'é\u2028' } }, 'update')
  t.strictSame(format.decode(body), state)
  t.strictSame(
    format.decode(Buffer.concat([Buffer.from('xx'), body]).subarray(2)), state, 'also as part of a larger buffer'
  )
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
    for (const wrong of [undefined, 7, 'text', [], true]) {
      if (name !== 'context') hostile.push({ ...valid, [name]: wrong })
    }
  }
  for (const principal of [
    {},
    { subject: '' },
    { subject: 1 },
    { subject: 'ada', issuer: 1 },
    { subject: 'ada', clientId: null },
    { subject: 'ada', tenantId: [] },
    { subject: 'ada', perClient: 1 }
  ]) {
    hostile.push({ ...valid, principal })
  }
  for (const handshake of [
    {},
    { ...valid.handshake, initialize: [] },
    { ...valid.handshake, protocolVersion: 1 },
    { ...valid.handshake, initialized: 'yes' }
  ]) {
    hostile.push({ ...valid, handshake })
  }
  for (const replay of [
    {}, { subscriptions: 'all' }, { subscriptions: [1] }, { subscriptions: [null] }, { subscriptions: [], logLevel: 1 }
  ]) {
    hostile.push({ ...valid, replay })
  }
  for (const body of hostile) {
    t.throws(() => format.decode(bytes(body)), { code: 'HOLDFAST_INVALID_STATE' }, JSON.stringify(body))
  }
  t.ok(format.decode(bytes({ ...valid, replay: { subscriptions: ['a'], logLevel: 'debug' } })))
  t.ok(format.decode(bytes({ ...valid, replica: 'a' })))
  t.throws(() => format.decode(bytes({ ...valid, replica: 1 })))
})

t.test('a shape that hides behind __proto__ does not count', async (t) => {
  const hidden = Buffer.from(`{"__proto__":${JSON.stringify(valid)}}`)
  t.throws(() => format.decode(hidden), { code: 'HOLDFAST_INVALID_STATE' })
  const { data } = format.decode(
    Buffer.from(JSON.stringify(valid).replace('{"n":1}', '{"__proto__":{"admin":true},"constructor":1}'))
  )
  t.equal((data as any).admin, undefined)
  t.equal(({} as any).admin, undefined)
  t.strictSame(Object.keys(data), ['__proto__', 'constructor'])
})

t.test('damage is an error that never quotes what was read', async (t) => {
  const text = JSON.stringify({ ...valid, context: { apiKey: 'hush-hush' } })
  const damaged = [
    text.slice(0, -1),
    text.slice(0, 60),
    text + 'hush',
    'hush',
    '',
    text.replace(':', ' hush '),
    text.replace('{', '{"hush":7,}')
  ]
  for (const body of [
    ...damaged.map(one => Buffer.from(one)), Buffer.from([0xff, 0xfe, 0]), bytes({ context: 'hush' })
  ]) {
    try {
      format.decode(body)
      t.fail(`accepted ${body.toString()}`)
    } catch (error) {
      t.match(error, { code: 'HOLDFAST_INVALID_STATE', cause: undefined })
      t.notMatch((error as Error).stack, /hush/)
    }
  }
})

t.test('nesting beyond what the stack bears is an error, not a crash', async (t) => {
  const nested = '['.repeat(100_000) + ']'.repeat(100_000)
  t.throws(
    () => format.decode(Buffer.from(JSON.stringify(valid).replace('{"n":1}', `{"n":${nested}}`))),
    { code: 'HOLDFAST_INVALID_STATE' }
  )
  t.throws(
    () => unlimited.begin({ ...valid, data: { n: JSON.parse(nested) } }, 'update'), { code: 'HOLDFAST_STATE_TOO_LARGE' }
  )
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
  t.throws(() => format.finalize({ ...valid, data: { deep } }, valid), tooLarge)
  t.throws(() => format.finalize({ ...valid, data: between }, valid), tooLarge)
  t.throws(() => format.finalize({ ...valid, data: endless }, valid), TypeError)
  t.throws(() => format.finalize({ ...valid, data: { big: 1n } }, valid), TypeError)
})

t.test('the limit counts the bytes of the encoded state', async (t) => {
  const { length } = unlimited.begin(valid, 'update').body
  t.ok(sessionFormat(length).begin(valid, 'update'))
  t.throws(() => sessionFormat(length - 1).begin(valid, 'update'), { code: 'HOLDFAST_STATE_TOO_LARGE' })
  t.equal(unlimited.begin({ ...valid, data: { n: 'é' } }, 'update').body.length, length + 3)
})

t.test('what JSON cannot say is refused where it comes in', async (t) => {
  t.throws(
    () => format.begin({ ...valid, data: [] as never }, 'create'), { code: 'HOLDFAST_INVALID_OPTION', path: 'create' }
  )
  t.throws(() => format.begin({ ...valid, data: undefined as never }, 'create'), { code: 'HOLDFAST_INVALID_OPTION' })
  t.throws(() => format.begin({ ...valid, context: 1n as never }, 'create'), TypeError)
  const circular: any = {}
  circular.self = circular
  t.throws(() => format.begin({ ...valid, data: circular }, 'create'), TypeError)
})
