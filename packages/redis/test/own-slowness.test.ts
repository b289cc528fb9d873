import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { CuttingProxy, tlsServer, until } from '@holdfast/real-redis'
import t from 'tap'
import { redis, type RedisBackend } from '../dist/index.js'
import { busyLoops, compute } from './fixtures/busy.js'
import { bytes, create } from './fixtures/given.js'
import { single } from './fixtures/single.js'

/** Makes calls one after the other until it is stopped; returns a function that stops it and resolves to its errors. */
function calling (backend: RedisBackend, key: string): () => Promise<unknown[]> {
  const errors: unknown[] = []
  const state = { stopped: false }
  const run = async (): Promise<void> => {
    while (!state.stopped) {
      const checked = (answer: unknown): void => { if (answer !== 'current') errors.push(answer) }
      await backend.records.touch(key, 1).then(checked, (error: unknown) => { errors.push(error) })
      if (backend.status?.().breaker !== 'closed') errors.push('the breaker is open')
      await setImmediate()
    }
  }
  const runs = [run(), run(), run(), run()]
  return async () => {
    state.stopped = true
    await Promise.all(runs)
    return errors
  }
}

t.test('beside two busy loops, a healthy Redis is never called down', async (t) => {
  const { backend } = await single(t)
  const key = await create(backend.records)
  busyLoops(t, 2)
  const stop = calling(backend, key)
  await sleep(2500)
  t.strictSame(await stop(), [])
})

t.test('a process that computes for two seconds again and again does not blame Redis', async (t) => {
  const { backend } = await single(t)
  const key = await create(backend.records)
  let received = 0
  await backend.bus.subscribe('channel', () => { received++ })
  const stop = calling(backend, key)
  for (let i = 0; i < 2; i++) {
    compute(2000)
    await setImmediate()
    t.equal(await backend.bus.publish('channel', bytes('hello')), 1)
  }
  t.strictSame(await stop(), [])
  await until('all is received', async () => received === 2)
})

t.test('large bodies ahead in the socket are not Redis\' slowness', async (t) => {
  const { url, ca, stop } = await tlsServer()
  const { backend: plain } = await single(t, {}, ['--appendonly', 'no'])
  const tls = redis({ url, connection: { tls: { ca } }, onWarning: () => {} })
  t.teardown(async () => {
    await tls.close()
    await stop()
  })
  for (const backend of [plain, tls]) {
    const key = await create(backend.records)
    const body = new Uint8Array(4 * 2 ** 20)
    const stop = calling(backend, key)
    await t.resolves(Promise.all(Array.from({ length: 12 }, async () => await create(backend.records, { body }))))
    t.strictSame(await stop(), [])
  }
})

t.test('large answers that are on their way are a sign of life', async (t) => {
  const { backend } = await single(t, {}, ['--appendonly', 'no'])
  const body = new Uint8Array(2 ** 18)
  for (let i = 0; i < 40; i++) await create(backend.records, { subject: 'owner', body })
  const key = await create(backend.records)
  const stop = calling(backend, key)
  const { records } = await backend.records.list({ limit: 50 })
  t.equal(records.length, 41)
  t.strictSame(await stop(), [])
})

t.test('a connection that the network has swallowed is given up, and another made', async (t) => {
  const { server, backend: other } = await single(t)
  const proxy = await CuttingProxy.before(server.port)
  const backend = redis({ url: `redis://127.0.0.1:${proxy.port}`, onWarning: () => {} })
  t.teardown(async () => {
    await backend.close()
    proxy.close()
  })
  const key = await create(backend.records)
  let received = 0
  await backend.bus.subscribe('channel', () => { received++ })
  proxy.swallow()
  await t.rejects(backend.records.touch(key, 1), { code: 'REDIS_TIMEOUT' })
  await until('it answers again', async () => await backend.records.touch(key, 1).then(() => true, () => false))
  await until('the subscriptions are back, too', async () => {
    await other.bus.publish('channel', bytes('hello'))
    return received > 0
  })
})
