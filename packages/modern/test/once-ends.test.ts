import { type Codec, HoldfastError } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { textOf } from './fixtures/modern-call.js'
import { INVALID, StateReplica, keys, paying, replica, retryCall } from './fixtures/state-tools.js'

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
