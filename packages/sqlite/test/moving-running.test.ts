import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { runningApp } from '@holdfast/apps/running-app'
import { call, open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { mirrored, switchable, withFallback } from '@holdfast/core'
import { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { redis } from '@holdfast/redis'
import { type Kind, startPlaces } from './fixtures/places.js'

const make = await startPlaces(t)

t.test('a running application changes over from backend to backend, and no request fails', async t => {
  const store = switchable(make(t, 'memory'))
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
  for (const kind of ['sqlite', 'redis', 'sqlite', 'memory', 'redis', 'memory'] satisfies Kind[]) {
    const seen: number[] = []
    const begun = new EventEmitter()
    const first = once(begun, 'progress')
    const counted = watcher.client.callTool({ name: 'countdown', arguments: { from: 40 } }, undefined, {
      onprogress: ({ progress }) => {
        seen.push(progress)
        begun.emit('progress')
      }
    })
    await first
    const target = make(t, kind)
    t.match(await store.switchTo(target), { copied: 4, failed: [] }, `to ${kind}`)
    t.equal(await target.records.count(), 4)
    t.match(await counted, { structuredContent: { counted: 40 } })
    t.strictSame(seen, Array.from({ length: 40 }, (_, i) => i + 1), 'a stream goes on across it')
  }
  over.abort()
  for (const calls of await Promise.all(counting)) t.ok(calls > 0)
})

t.test('while Redis is away new sessions begin in a file, and are its own when it is back', async t => {
  const server = await RedisServer.start(['--appendonly', 'yes'])
  t.teardown(async () => { await server.stop() })
  const primary = redis({ url: server.url, onWarning: () => {} })
  const changes = new EventEmitter()
  const store = withFallback(primary, make(t, 'sqlite'), {
    replicas: 1, probe: 50, onChange: (serving, report) => { changes.emit(serving, report) }, onWarning: () => {}
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
})

t.test('when a Redis is lost for good, the file that mirrors it serves the sessions', async t => {
  const server = await RedisServer.start(['--appendonly', 'yes'])
  t.teardown(async () => { await server.stop() })
  const copy = make(t, 'sqlite')
  const store = mirrored(redis({ url: server.url, onWarning: () => {} }), [copy])
  const url = await runningApp(t, store, generateKey('k1'))
  const session = await open(url)
  await (await post(url, call('counter'), session)).text()
  while (store.lag.some(({ pending }) => pending > 0)) await new Promise(resolve => setImmediate(resolve))
  await server.kill()
  t.equal(await store.promote(copy, { force: true }), 0)
  const response = await post(url, call('counter'), session)
  t.match(await response.json(), { result: { structuredContent: { total: 2 } } })
  t.equal(await copy.records.count(), 1)
})
