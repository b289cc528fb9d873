import { Sessions, plain, unsealed } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { requestStateCodec } from '../dist/index.js'
import type { OnceStore } from '../dist/request-state/once-store.js'
import { RepeatedCall } from '../dist/request-state/repeated-call.js'
import { textOf } from './fixtures/modern-call.js'
import { BOB, INVALID, StateReplica, keys, paying, replica } from './fixtures/state-tools.js'
import { brokenSdk } from './fixtures/shared-server.js'

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
    const shared = fallback ? { fallback: 'sdk' as const, onWarning: () => {}, sdk: brokenSdk } : {}
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
