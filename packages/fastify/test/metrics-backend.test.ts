import { type Backend, switchable } from '@holdfast/core'
import { runContract } from '@holdfast/core/contract'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { OPERATIONS, observedBackend } from '../dist/metrics/observed-backend.js'
import { k1 } from './fixtures/keys.js'
import { RawClient } from './fixtures/raw-client.js'
import { Scrape } from './fixtures/scrape.js'
import { start } from './fixtures/start.js'

const bounds = { entries: 20, bytes: 20_000 }
const called = new Set<string>()

function observed (backend: Backend): Backend {
  return observedBackend(backend, {
    operation: name => ({ took: () => { called.add(name) }, failed: () => {} }), ended: () => {}
  })
}

t.test('a backend that is watched is still a backend', async t => {
  runContract((name, run) => t.test(name, run), {
    unit: 60_000,
    offers: ['exactClock'],
    claimDelay: 1000,
    patience: 1000,
    bounds,
    async make () {
      let now = 1_700_000_000_123
      const backend = observed(memory({ now: () => now, maxEntries: bounds.entries, maxStreamBytes: bounds.bytes }))
      return { backend, advance: ms => { now += ms }, close: async () => { await backend.close() } }
    }
  })
})

t.test('whatever the contract asks for is an operation', async t => {
  await observed(memory()).ping()
  t.strictSame([...called].sort(), [...OPERATIONS].sort())
})

t.test('one that is exchanged while it serves is watched on', async t => {
  const redis = { shared: true, status: () => ({ breaker: 'closed' }) }
  const [one, two] = [memory(), Object.assign(memory(), redis) as Backend]
  const backend = switchable(one)
  const { app, url } = await start(t, { backend, keys: k1, metrics: { path: '/metrics' } })
  const client = await RawClient.open(url)
  t.equal(app.mcpSessions.vault.backend.shared, false)
  t.equal((await Scrape.of(app)).value('holdfast_backend_breaker_open'), undefined)
  await backend.switchTo(two)
  t.equal(app.mcpSessions.vault.backend.shared, true)
  await client.call('echo')
  const scrape = await Scrape.of(app)
  t.equal(scrape.value('holdfast_backend_breaker_open'), 0)
  t.equal(scrape.value('holdfast_sessions_active'), 1)
})
