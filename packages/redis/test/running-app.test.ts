import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { mirrored, switchable, withFallback } from '@holdfast/core'
import { runningApp } from '@holdfast/apps/running-app'
import { open, call, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { generateKey } from '@holdfast/fastify'
import { memory } from '@holdfast/memory'
import { redis } from '../dist/index.js'
import { single } from './fixtures/single.js'

t.test('a running application changes over to Redis and back, and no request fails', async t => {
  const { backend: stored } = await single(t, { commandTimeout: 10_000 })
  const store = switchable(memory())
  const url = await runningApp(t, store, generateKey('k1'))
  const over = new AbortController()
  const clients = await Promise.all(Array.from({ length: 3 }, async () => await connected(t, url)))
  const counting = clients.map(async ({ call }) => {
    let calls = 0
    while (!over.signal.aborted) {
      const { total } = await call('counter')
      if (total !== ++calls) throw new Error(`call ${calls} was answered ${total}`)
    }
    return calls
  })
  const watcher = await connected(t, url)
  const seen: number[] = []
  const counted = watcher.client.callTool({ name: 'countdown', arguments: { from: 40 } }, undefined, {
    onprogress: ({ progress }) => { seen.push(progress) }
  })
  while (seen.length < 10) await new Promise(resolve => setTimeout(resolve, 5))
  t.match(await store.switchTo(stored), { copied: 4, failed: [] })
  t.equal(await stored.records.count(), 4)
  t.match(await counted, { structuredContent: { counted: 40 } })
  t.strictSame(seen, Array.from({ length: 40 }, (_, i) => i + 1), 'a stream goes on across it')
  t.match(await store.switchTo(memory()), { failed: [] })
  over.abort()
  for (const calls of await Promise.all(counting)) t.ok(calls > 0)
})

t.test('while Redis is away new sessions begin, and are its own when it is back', async t => {
  const { server, backend: primary } = await single(t)
  const changes = new EventEmitter()
  const store = withFallback(primary, memory(), {
    replicas: 1,
    probe: 50,
    onChange: (serving, report) => { changes.emit(serving, report) },
    onWarning: () => {}
  })
  const url = await runningApp(t, store, generateKey('k1'))
  const before = await open(url)
  const fallen = once(changes, 'fallback')
  await server.kill()
  while (store.state === 'primary') await (await post(url, call('counter'), before)).text()
  await fallen
  const during = await open(url)
  const answer = await post(url, call('counter'), before)
  t.equal(answer.status, 503, 'an outage is never a 404')
  await answer.text()
  t.equal((await post(url, call('counter'), during)).status, 200)
  const back = once(changes, 'primary')
  await server.run()
  t.match(await back, [{ carried: 1, conflicts: 0, refused: 0 }])
  for (const [session, total] of [[before, 1], [during, 2]] as const) {
    const response = await post(url, call('counter'), session)
    t.match(await response.json(), { result: { structuredContent: { total } } })
  }
  t.equal(await primary.records.count(), 2)
})

t.test('when a Redis is lost for good, its mirror serves the sessions', async t => {
  const [one, two] = [await single(t), await single(t)]
  const store = mirrored(one.backend, [two.backend])
  const url = await runningApp(t, store, generateKey('k1'))
  const session = await open(url)
  await (await post(url, call('counter'), session)).text()
  while (store.lag.some(({ pending }) => pending > 0)) await new Promise(resolve => setImmediate(resolve))
  await one.server.kill()
  t.equal(await store.promote(two.backend, { force: true }), 0)
  const response = await post(url, call('counter'), session)
  t.match(await response.json(), { result: { structuredContent: { total: 2 } } })
  const other = redis({ url: two.server.url, onWarning: () => {} })
  t.equal(await other.records.count(), 1)
  await other.close()
})
