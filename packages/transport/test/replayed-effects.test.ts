import t from 'tap'
import type { Replay } from '@holdfast/core'
import { replayRequests, replayedEffect } from '../dist/live/replayed-effects.js'

function after (replay: Replay, method: string, params?: Record<string, unknown>): Replay {
  const effect = replayedEffect({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) })
  if (effect === undefined) throw new Error('no effect')
  return effect(replay)
}

t.test('what a request leaves behind', async (t) => {
  t.same(after({ subscriptions: [] }, 'logging/setLevel', { level: 'error' }), { subscriptions: [], logLevel: 'error' })
  t.same(after({ subscriptions: [] }, 'resources/subscribe', { uri: 'a:1' }), { subscriptions: ['a:1'] })
  t.same(after({ subscriptions: ['a:1'] }, 'resources/subscribe', { uri: 'a:1' }), { subscriptions: ['a:1'] })
  t.same(after({ subscriptions: ['a:1', 'a:2'], logLevel: 'info' }, 'resources/unsubscribe', { uri: 'a:1' }), {
    subscriptions: ['a:2'], logLevel: 'info'
  })
  t.same(after({ subscriptions: ['a:1'] }, 'resources/unsubscribe'), { subscriptions: ['a:1'] })
})

t.test('most requests leave nothing behind', async (t) => {
  for (const method of ['tools/call', 'initialize', 'constructor', '__proto__', 'toString', '']) {
    t.equal(replayedEffect({ jsonrpc: '2.0', id: 1, method }), undefined)
  }
})

t.test('the way from one state to another is linear in the subscriptions', async (t) => {
  let looks = 0
  const uris = (count: number, from: number): string[] =>
    new Proxy(Array.from({ length: count }, (_, n) => `a:${from + n}`), {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) looks++
        return Reflect.get(target, name) as unknown
      }
    })
  const count = 1_000
  t.equal(replayRequests({ subscriptions: uris(count, 0) }, { subscriptions: uris(count, count / 2) }).length, count)
  t.ok(looks <= 4 * count, `${looks} looks, where each is looked for among all`)
})

t.test('the way from one state to another', async (t) => {
  const level = { method: 'logging/setLevel', params: { level: 'debug' } }
  const subscribe = { method: 'resources/subscribe', params: { uri: 'a:1' } }
  const unsubscribe = { method: 'resources/unsubscribe', params: { uri: 'a:1' } }
  t.same(replayRequests({ subscriptions: [] }, { subscriptions: [] }), [])
  t.same(replayRequests({ subscriptions: [] }, { subscriptions: ['a:1'], logLevel: 'debug' }), [level, subscribe])
  t.same(replayRequests({ subscriptions: ['a:1'], logLevel: 'info' }, { subscriptions: [], logLevel: 'debug' }), [
    level, unsubscribe
  ])
  t.same(replayRequests({ subscriptions: ['a:1'], logLevel: 'debug' }, {
    subscriptions: ['a:1'], logLevel: 'debug'
  }), [])
})
