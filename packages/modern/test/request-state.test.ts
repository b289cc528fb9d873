import { type Codec, HoldfastError, Sessions, plain, unsealed } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { HandlerExtra } from '@holdfast/transport'
import t, { type Test } from 'tap'
import { type RequestStateOptions, requestStateCodec } from '../dist/index.js'
import type { OnceStore } from '../dist/request-state/once-store.js'
import { RepeatedCall } from '../dist/request-state/repeated-call.js'
import { type GivenCall, textOf } from './fixtures/modern-call.js'
import { ANN, BOB, KEY, StateReplica, keys, newKey, retryCall } from './fixtures/state-tools.js'

const INVALID = {
  error: { code: -32602, message: 'Invalid or expired requestState', data: { reason: 'invalid_request_state' } }
}

async function replica (
  t: Test, options: Partial<RequestStateOptions> = {}, codec = keys().codec
): Promise<StateReplica> {
  return await new StateReplica(memory(), codec, options).start(t)
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

/** The same bytes, spelled with other spare bits in the last character. */
function nonCanonical (state: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(state.at(-1) as string)
  const changed = state.slice(0, -1) + alphabet[last ^ 1]
  if (Buffer.from(changed.slice(4), 'base64url').compare(Buffer.from(state.slice(4), 'base64url')) === 0) return changed
  // No spare bits in a text of this length: a character that Node ignores.
  return `${state.slice(0, -2)}.${state.slice(-2)}`
}

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

t.test('wrong options are refused at once', async (t) => {
  const { codec } = keys()
  const sessions = new Sessions({ backend: memory(), codec })
  for (const [path, options] of [
    ['sessions', {}],
    ['codec', { sessions: new Sessions({ backend: memory() }) }],
    ['codec', { sessions, codec: plain }],
    ['codec', { sessions, codec: unsealed }],
    ['once', { sessions, once: true }],
    ['ttl', { sessions, ttl: 'soon' }],
    ['timeout', { sessions, timeout: -1 }]
  ] as Array<[string, any]>) {
    t.throws(() => requestStateCodec(options), { code: 'HOLDFAST_INVALID_OPTION', path })
  }
  t.doesNotThrow(() => requestStateCodec({ sessions: new Sessions({ backend: memory() }), codec }))
})

for (const fallback of [false, true]) {
  t.test(`once: reject, ${fallback ? 'with the SDK’s handler' : 'with a shared server'}`, async (t) => {
    const shared = fallback
      ? {
          fallback: 'sdk' as const,
          onWarning: () => {},
          sdk: async () => ({
            ...await import('@modelcontextprotocol/server'),
            PerRequestHTTPServerTransport: class { async start (): Promise<void> {} }
          })
        }
      : {}
    const it = await new StateReplica(memory(), keys().codec, { once: 'reject' }, shared).start(t)
    const state = await it.begin()
    t.match(textOf(await it.retry(state)), /paid 1/)
    t.same(await it.retry(state), {
      error: { code: -32602, message: 'This requestState was used before', data: { reason: 'used' } }
    })
    t.same(await it.retry(state, 'pay', { to: 'shop' }, { principal: BOB }), INVALID, 'others do not learn that it was')
    t.equal(it.paid.length, 1)
  })
}

for (const once of ['reject', 'repeat'] as const) {
  t.test(`once: ${once}: the same state at the same instant on two replicas runs once`, async (t) => {
    const backend = memory()
    const replicas = [
      await new StateReplica(backend, keys().codec, { once }).start(t),
      await new StateReplica(backend, keys().codec, { once }).start(t)
    ] as const
    for (let round = 0; round < 20; round++) {
      const state = await replicas[round % 2 as 0].begin('pay', { to: round })
      const outcomes = await Promise.all([0, 1, 0, 1].map(async n =>
        await replicas[n as 0].retry(state, 'pay', { to: round })))
      const texts = outcomes.map(outcome => 'result' in outcome ? textOf(outcome) : JSON.stringify(outcome.error.data))
      if (once === 'repeat') t.equal(new Set(texts).size, 1)
      else t.equal(texts.filter(text => text === '{"reason":"used"}').length, 3)
    }
    const paid = [...replicas[0].paid, ...replicas[1].paid].sort((a, b) => Number(a) - Number(b))
    t.same(paid, Array.from({ length: 20 }, (_, n) => n))
  })
}

t.test('once: repeat: a later call waits for the first, and gets its answer', async (t) => {
  const backend = memory()
  const first = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const second = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const state = await first.begin('pay', { to: 'slow' })
  const paying = first.scene.next('paying')
  const one = first.retry(state, 'pay', { to: 'slow' })
  await paying
  const looked = firstRead(second.sessions)
  const two = second.retry(state, 'pay', { to: 'slow' })
  await looked
  first.scene.emit('go')
  t.same(await two, await one)
  t.same([first.paid.length, second.paid.length], [1, 0])
  t.same(await second.retry(state, 'pay', { to: 'slow' }), await one, 'and later, too')
})

/** Resolves when the sessions' backend has read a used state. */
async function firstRead (sessions: Sessions): Promise<void> {
  const { records } = sessions.vault.of('once').backend
  const { read } = records
  await new Promise<void>(resolve => {
    records.read = async key => {
      const record = await read.call(records, key)
      records.read = read
      resolve()
      return record
    }
  })
}

t.test('once: repeat: the first goes on when its client is gone, and its retry gets the answer', async (t) => {
  const it = await replica(t, { once: 'repeat' })
  const state = await it.begin('pay', { to: 'slow' })
  const call = await paying(it, state)
  call.disconnect(it.server)
  const retry = it.retry(state, 'pay', { to: 'slow' })
  it.scene.emit('go')
  t.match(textOf(await retry), /paid 1/)
  t.equal(it.paid.length, 1)
  t.equal(it.server.size, 0)
})

/** A call with a state, whose handler runs. */
async function paying (it: StateReplica, state: string): Promise<GivenCall> {
  const paying = it.scene.next('paying')
  const call = retryCall(state, 'pay', { to: 'slow' })
  await it.server.serve(call)
  await paying
  return call
}

t.test('once: repeat: what was cancelled has no answer, and that is said', async (t) => {
  // The deadline of a call alone does not keep a process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  for (const how of ['timeout', 'gone for too long'] as const) {
    const it = await replica(t, { once: 'repeat', timeout: 50 })
    const state = await it.begin('pay', { to: 'slow' })
    const call = await paying(it, state)
    const aborted = it.scene.next('aborted')
    if (how === 'timeout') it.server.cancel(call, 'timeout')
    else call.disconnect(it.server)
    t.equal(await aborted, true)
    t.match(await it.retry(state, 'pay', { to: 'slow' }), { error: { code: -32603, message: /not known/ } })
  }
})

t.test('once: repeat: a process that is closed tells that the end is not known', async (t) => {
  const backend = memory()
  const closing = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const other = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const state = await closing.begin('pay', { to: 'slow' })
  await paying(closing, state)
  await closing.server.close()
  t.match(await other.retry(state, 'pay', { to: 'slow' }), { error: { code: -32603, message: /not known/ } })
})

t.test('once: repeat: an answer that is too large to keep is given, but not again', async (t) => {
  const it = await replica(t, { once: 'repeat' })
  const state = await it.begin('pay', { to: 'huge' })
  t.equal(textOf(await it.retry(state, 'pay', { to: 'huge' })).length, 1_100_000)
  t.match(await it.retry(state, 'pay', { to: 'huge' }), { error: { code: -32603, message: /not known/ } })
})

t.test('once: repeat: an answer that is no JSON ends the call, and is not kept', async (t) => {
  const it = await replica(t, { once: 'repeat' })
  const state = await it.begin('pay', { to: 'odd' })
  t.match(await it.retry(state, 'pay', { to: 'odd' }), { result: { _meta: { odd: 1n } } }, 'the endpoint refuses it')
  t.match(await it.retry(state, 'pay', { to: 'odd' }), { error: { code: -32603, message: /not known/ } })
})

t.test('once: repeat: only so many calls go on without their clients', async (t) => {
  const alone = new Set<RepeatedCall>()
  const stopped: number[] = []
  const store = { settle: async () => true, report: () => {} } as unknown as OnceStore
  const calls = Array.from({ length: 1_001 }, () => new RepeatedCall(store, '' as never, 60_000, alone, () => {}))
  for (const [n, call] of calls.entries()) call.gone(() => stopped.push(n))
  t.same(stopped, [1_000])
  await calls[0]?.ended(undefined)
  calls[0]?.gone(() => stopped.push(0))
  t.same(stopped, [1_000], 'one that was told before changes nothing')
  t.equal(alone.size, 999)
  for (const call of calls) await call.ended(undefined)
})

t.test('once: repeat: one that runs for too long', async (t) => {
  const it = await replica(t, { once: 'repeat', timeout: 30 })
  const state = await it.begin('pay', { to: 'slow' })
  await paying(it, state)
  t.match(await it.retry(state, 'pay', { to: 'slow' }), { status: 503, retryAfter: 5 })
  it.scene.emit('go')
})

t.test('once: repeat: the process of the first is gone', async (t) => {
  const backend = memory()
  const dead = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const alive = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const state = await dead.begin('pay', { to: 'slow' })
  await paying(dead, state)
  await backend.presence.withdraw(dead.sessions.fleet.replica)
  t.match(await alive.retry(state, 'pay', { to: 'slow' }), { error: { code: -32603, message: /has ended/ } })
  t.equal(alive.paid.length, 0)
})

t.test('once: an outage, a full backend and damaged records', async (t) => {
  const backend = memory()
  const it = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const { records } = backend.partition('once')
  const { create, read, replace } = records
  const state = await it.begin()

  records.create = async () => { throw new Error('down') }
  t.match(await it.retry(state), { error: { code: -32603 }, status: 503, retryAfter: 1 })
  records.create = async () => 'full'
  t.match(await it.retry(state), { status: 503, retryAfter: 10 })
  records.create = create

  records.replace = async () => { throw new HoldfastError('HOLDFAST_BACKEND_FULL') }
  t.match(textOf(await it.retry(state)), /paid 1/, 'its client gets the answer all the same')
  t.match(it.errors, [{ code: 'HOLDFAST_BACKEND_FULL' }])
  records.replace = replace
  t.match(await it.retry(state), { error: { code: -32603, message: /not known/ } })

  records.read = async () => { throw new Error('down') }
  t.match(await it.retry(state), { status: 503, retryAfter: 1 })
  records.read = async () => undefined
  t.same(await it.retry(state), INVALID)
  records.read = async key => {
    const record = await read.call(records, key)
    return record && { ...record, body: Buffer.from('damaged') }
  }
  t.match(await it.retry(state), { error: { code: -32603, message: /not known/ } })
  records.read = read
  t.equal(it.paid.length, 1)
})

t.test('once: a call that is cancelled while it claims its state does not run', async (t) => {
  const backend = memory()
  const it = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const { records } = backend.partition('once')
  const { create } = records
  const state = await it.begin()
  const call = retryCall(state)
  const claimed = new Promise<void>(resolve => {
    records.create = async (record, limits) => {
      call.disconnect(it.server)
      const created = await create.call(records, record, limits)
      resolve()
      return created
    }
  })
  await it.server.serve(call)
  await claimed
  records.create = create
  t.match(await it.retry(state), { error: { code: -32603, message: /not known/ } })
  t.equal(it.paid.length, 0)
})

t.test('once: used states expire, and their records are removed', async (t) => {
  let now = Date.now()
  const backend = memory({ now: () => now })
  const it = await new StateReplica(backend, keys().codec, { once: 'reject', now: () => now, ttl: 10 }).start(t)
  const { records } = backend.partition('once')
  for (let n = 0; n < 150; n++) await it.retry(await it.begin())
  t.equal(await records.count(), 150)
  now += 61_000
  const later = new StateReplica(backend, keys().codec, { once: 'reject', now: () => now, ttl: 10 })
  await later.start(t)
  await later.retry(await later.begin())
  await new Promise(resolve => setImmediate(resolve))
  t.equal(await records.count(), 1)
})

t.test('once: records of a newer version', async (t) => {
  const strange: Codec = {
    seal: bytes => bytes,
    open: bytes => Buffer.from(bytes).toString().startsWith('{"state"') ? Buffer.from('{"state":"new"}') : bytes
  }
  const it = await replica(t, { once: 'repeat' }, strange)
  const state = await it.begin()
  await it.retry(state)
  t.match(await it.retry(state), { error: { code: -32603, message: /not known/ } })
})
