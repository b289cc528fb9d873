import t from 'tap'
import type { Replay, SessionState } from '@holdfast/core'
import { replayRequests, replayedChange } from '../src/replayed.js'

function after (replay: Replay, method: string, params?: Record<string, unknown>): Replay {
  const change = replayedChange({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) })
  if (change === undefined) throw new Error('no change')
  return change({ replay } as SessionState).replay
}

t.test('what a request leaves behind', async (t) => {
  t.same(after({ subscriptions: [] }, 'logging/setLevel', { level: 'error' }), { subscriptions: [], logLevel: 'error' })
  t.same(after({ subscriptions: [] }, 'resources/subscribe', { uri: 'a:1' }), { subscriptions: ['a:1'] })
  t.same(after({ subscriptions: ['a:1'] }, 'resources/subscribe', { uri: 'a:1' }), { subscriptions: ['a:1'] })
  t.same(after({ subscriptions: ['a:1', 'a:2'], logLevel: 'info' }, 'resources/unsubscribe', { uri: 'a:1' }), { subscriptions: ['a:2'], logLevel: 'info' })
  t.same(after({ subscriptions: ['a:1'] }, 'resources/unsubscribe'), { subscriptions: ['a:1'] })
})

t.test('most requests leave nothing behind', async (t) => {
  for (const method of ['tools/call', 'initialize', 'constructor', '__proto__', 'toString', '']) {
    t.equal(replayedChange({ jsonrpc: '2.0', id: 1, method }), undefined)
  }
})

t.test('the way from one state to another', async (t) => {
  const level = { method: 'logging/setLevel', params: { level: 'debug' } }
  const subscribe = { method: 'resources/subscribe', params: { uri: 'a:1' } }
  const unsubscribe = { method: 'resources/unsubscribe', params: { uri: 'a:1' } }
  t.same(replayRequests({ subscriptions: [] }, { subscriptions: [] }), [])
  t.same(replayRequests({ subscriptions: [] }, { subscriptions: ['a:1'], logLevel: 'debug' }), [level, subscribe])
  t.same(replayRequests({ subscriptions: ['a:1'], logLevel: 'info' }, { subscriptions: [], logLevel: 'debug' }), [level, unsubscribe])
  t.same(replayRequests({ subscriptions: ['a:1'], logLevel: 'debug' }, { subscriptions: ['a:1'], logLevel: 'debug' }), [])
})
