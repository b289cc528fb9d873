import { memory } from '@holdfast/memory'
import { HoldfastError } from '@holdfast/core'
import t from 'tap'
import type { OnceStore } from '../dist/request-state/once-store.js'
import { RepeatedCall } from '../dist/request-state/repeated-call.js'
import { textOf } from './fixtures/modern-call.js'
import { StateReplica, keys } from './fixtures/state-tools.js'

t.beforeEach(t => {
  // The pauses between attempts keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
})

t.test('the outcome of the first call is kept when the storage is back', async (t) => {
  const backend = memory()
  const first = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const second = await new StateReplica(backend, keys().codec, { once: 'repeat' }).start(t)
  const state = await first.begin('pay', { to: 'slow' })
  const { records } = first.sessions.vault.of('once').backend
  const { replace } = records
  let failures = 0
  const kept = new Promise<void>(resolve => {
    records.replace = async (...args) => {
      if (failures++ < 2) throw new Error('away')
      const version = await replace.apply(records, args)
      resolve()
      return version
    }
  })
  const paying = first.scene.next('paying')
  const paid = first.retry(state, 'pay', { to: 'slow' })
  await paying
  first.scene.emit('go')
  t.match(textOf(await paid), /paid 1/, 'its client does not wait for the storage')
  await kept
  t.equal(failures, 3)
  t.same(await second.retry(state, 'pay', { to: 'slow' }), await paid)
  t.equal(second.paid.length, 0)
})

t.test('nothing is kept that is of no use any more, and only so much', async (t) => {
  let away = true
  const kept: unknown[] = []
  const store = {
    settle: async (_key: unknown, record: unknown) => {
      if (away) throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE')
      kept.push(record)
      return true
    },
    report: () => {}
  } as unknown as OnceStore
  const waiting = new Set<RepeatedCall>()
  const ended = async (life: number, settled: () => void): Promise<void> =>
    await new RepeatedCall(store, '' as never, 60_000, new Set(), settled, life, waiting).ended({ result: {} })
  await new Promise<void>(resolve => { void ended(-1, resolve) })
  t.equal(waiting.size, 0, 'its time was over')
  const all = Array.from({ length: 101 }, async () => {
    await new Promise<void>(resolve => { void ended(60_000, resolve) })
  })
  await new Promise(resolve => setImmediate(resolve))
  away = false
  await Promise.all(all)
  t.equal(kept.filter(record => (record as { state: string }).state === 'ended').length, 100)
  t.equal(kept.filter(record => (record as { state: string }).state === 'lost').length, 1)
  t.equal(waiting.size, 0)
})
