import t from 'tap'
import { Deadlines, type Expiring } from '../dist/calls/deadlines.js'
import { WireIds, progressToken, replicaOf } from '../dist/calls/wire-ids.js'
import { stayAwake } from '@holdfast/waiting'

const REPLICA = '0123456789abcdef'

function wireIds (after = 60_000): WireIds {
  let count = 0
  return new WireIds(
    REPLICA, () => ++count, new Deadlines<Expiring>(after, item => item.expire(), error => { throw error })
  )
}

const ask = (id: number, params?: any): any => ({
  jsonrpc: '2.0', id, method: 'elicitation/create', ...(params && { params })
})

t.test('a request goes out under an id of the replica, and its answer comes back under its own', async (t) => {
  const ids = wireIds()
  t.same(ids.outgoing(ask(0, { message: 'x' })), { ...ask(0, { message: 'x' }), id: `${REPLICA}.1` })
  t.same(ids.outgoing(ask(1)), { ...ask(1), id: `${REPLICA}.2` })
  t.equal(ids.size, 2)
  t.same(ids.answer({ jsonrpc: '2.0', id: `${REPLICA}.1`, result: { action: 'accept' } }), {
    jsonrpc: '2.0', id: 0, result: { action: 'accept' }
  })
  t.equal(ids.answer({ jsonrpc: '2.0', id: `${REPLICA}.1`, result: {} }), undefined, 'an answer counts once')
  t.equal(ids.size, 1)
})

t.test('a question that nobody answers in time is given up', async (t) => {
  stayAwake(t)
  const ids = wireIds(5)
  const expired = new Promise(resolve => { ids.onexpired = resolve })
  ids.outgoing(ask(7))
  t.match(await expired, { id: 7, method: 'elicitation/create' })
  t.equal(ids.size, 0)
  t.equal(ids.answer({ jsonrpc: '2.0', id: `${REPLICA}.1`, result: {} }), undefined)
})

t.test('an answer that nobody waits for is none', async (t) => {
  const ids = wireIds()
  ids.outgoing(ask(0))
  for (const id of [
    0, 1, '1', `${REPLICA}.2`, `${REPLICA}.`, `${REPLICA}.1x`, `${REPLICA}.1.1`, 'fedcba9876543210.1',
    `${REPLICA.toUpperCase()}.1`, '__proto__', ''
  ]) {
    t.equal(ids.answer({ jsonrpc: '2.0', id, result: {} }), undefined, String(id))
  }
  t.equal(ids.size, 1)
})

t.test('progress on a request is translated both ways', async (t) => {
  const ids = wireIds()
  const out: any = ids.outgoing(ask(7, { message: 'x', _meta: { progressToken: 7, other: 1 } }))
  t.same(out.params, { message: 'x', _meta: { progressToken: `${REPLICA}.1`, other: 1 } })
  const progress = (progressToken: unknown): any => ({
    jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 }
  })
  t.same(ids.progress(progress(`${REPLICA}.1`)), progress(7))
  for (const token of [7, undefined, 'x', `${REPLICA}.9`]) t.equal(ids.progress(progress(token)), undefined)
  t.equal(ids.progress({ jsonrpc: '2.0', method: 'notifications/progress' }), undefined)
})

t.test('a request without a progress token keeps its params', async (t) => {
  const ids = wireIds()
  t.same((ids.outgoing(ask(1, { _meta: { other: 1 } })) as any).params, { _meta: { other: 1 } })
})

t.test('a server that takes a request back names it as the client knows it', async (t) => {
  const ids = wireIds()
  const cancelled = (requestId: unknown): any => ({
    jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId }
  })
  t.same(ids.outgoing(cancelled(1)), cancelled(1), 'nothing was asked yet')
  ids.outgoing(ask(0))
  ids.outgoing(ask(1))
  t.same(ids.outgoing(cancelled(1)), cancelled(`${REPLICA}.2`))
  t.equal(ids.size, 1)
  t.same(ids.outgoing(cancelled(9)), cancelled(9), 'what was answered long ago is left alone')
  t.equal(ids.size, 1)
})

t.test('other messages pass', async (t) => {
  const ids = wireIds()
  const notification = { jsonrpc: '2.0' as const, method: 'notifications/message', params: { level: 'info', data: 1 } }
  const answer = { jsonrpc: '2.0' as const, id: 1, result: {} }
  t.equal(ids.outgoing(notification), notification)
  t.equal(ids.outgoing(answer), answer)
})

t.test('an id on the wire names its replica', async (t) => {
  t.equal(replicaOf(`${REPLICA}.1`), REPLICA)
  for (const id of [1, null, undefined, '1', `${REPLICA}`, `${REPLICA}.x`, `x${REPLICA}.1`, `${REPLICA}.1\n`]) {
    t.equal(replicaOf(id), undefined)
  }
})

t.test('a progress token may be missing', async (t) => {
  t.equal(progressToken({ jsonrpc: '2.0', method: 'x' }), undefined)
  t.equal(progressToken({ jsonrpc: '2.0', method: 'x', params: { progressToken: 3 } }), 3)
})
