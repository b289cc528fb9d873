import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { redis } from '../dist/index.js'
import { Keys } from '../dist/keys.js'
import { bytes, create, draft, text, UNLIMITED } from './fixtures/given.js'
import { RedisServer, freePort } from '@holdfast/real-redis'
import { single } from './fixtures/single.js'
import { turns } from './fixtures/turns.js'

const quiet = { onWarning: () => {} }

/** Waits until it answers, for at most two seconds on an idle machine. */
async function recovery (ask: () => Promise<unknown>): Promise<'recovered' | 'too late'> {
  const state = { over: false }
  const recovered = (async (): Promise<'recovered'> => {
    for (;;) {
      try {
        await ask()
        return 'recovered'
      } catch (error) {
        if (state.over) throw error
        await sleep(20)
      }
    }
  })()
  recovered.catch(() => {})
  return await Promise.race([recovered, turns(80)]).finally(() => { state.over = true })
}

/** The code of the error that it rejects with, within 750 ms on an idle machine. */
async function failure (ask: () => Promise<unknown>): Promise<string> {
  return await Promise.race([ask().then(() => 'no error', ({ code }: { code: string }) => code), turns(29)])
}

t.test('a backend that is made while Redis is down fails in time, and works when Redis is there', async (t) => {
  const port = await freePort()
  const backend = redis({ url: `redis://127.0.0.1:${port}`, ...quiet })
  t.teardown(async () => { await backend.close() })
  t.equal(await failure(async () => { await backend.ping() }), 'REDIS_DISCONNECTED')
  await t.rejects(backend.bus.subscribe('channel', () => {}), { code: 'REDIS_DISCONNECTED' })
  const server = await RedisServer.start([], port)
  t.teardown(async () => { await server.stop() })
  t.equal(await recovery(async () => { await backend.ping() }), 'recovered')
  t.equal(await recovery(async () => { await backend.bus.subscribe('channel', () => {}) }), 'recovered')
  t.equal(await backend.bus.publish('channel', bytes('hello')), 1)
})

t.test('a Redis that is stopped in its tracks: answers in time, then at once, and recovery', async (t) => {
  const { server, backend } = await single(t)
  const key = await create(backend.records)
  t.strictSame(backend.status?.(), { breaker: 'closed' })
  server.signal('SIGSTOP')
  const touched = async (): Promise<string> =>
    await backend.records.touch(key, 1).then(String, ({ code }: { code: string }) => code)
  const [first, second] = await Promise.all([
    Promise.race([touched(), turns(29)]), turns(12).then(async () => await Promise.race([touched(), turns(17)]))
  ])
  t.equal(first, 'REDIS_TIMEOUT', 'within 750 ms on an idle machine')
  t.equal(second, 'REDIS_TIMEOUT', 'one that comes later does not wait any longer')
  t.equal(await Promise.race([touched(), turns(2)]), 'REDIS_TIMEOUT', 'the breaker answers')
  t.strictSame(backend.status?.(), { breaker: 'open' })
  server.signal('SIGCONT')
  t.equal(await recovery(async () => { await backend.records.touch(key, 1) }), 'recovered')
})

t.test('answers that came while the process was busy are read, however late', async (t) => {
  const { backend } = await single(t)
  const key = await create(backend.records)
  await backend.records.read(key) // Redis knows the script
  const answers = Array.from({ length: 10 }, async () => await backend.records.read(key))
  for (let i = 0; i < 5; i++) await new Promise((resolve) => { process.nextTick(resolve) }) // sent by now
  const began = performance.now()
  while (performance.now() - began < 700);
  t.equal((await Promise.all(answers)).filter((record) => record?.key === key).length, 10)
})

t.test('a call made in a long turn of the event loop is answered all the same', async (t) => {
  const { backend } = await single(t)
  const key = await create(backend.records)
  const answer = backend.records.read(key)
  const began = performance.now()
  while (performance.now() - began < 700);
  t.equal((await answer)?.key, key)
})

t.test('CLIENT PAUSE: answers in time, and recovery', async (t) => {
  const { backend, raw } = await single(t)
  const key = await create(backend.records)
  await raw.client('PAUSE', 1500, 'ALL')
  t.equal(await failure(async () => { await backend.records.read(key) }), 'REDIS_TIMEOUT')
  await sleep(1500)
  t.equal(await recovery(async () => { await backend.records.read(key) }), 'recovered')
})

t.test('kill -9 and a restart with AOF: everything that was acknowledged is there', async (t) => {
  const { server, backend } = await single(t, {}, ['--appendfsync', 'always'])
  const keys = []
  for (let i = 0; i < 50; i++) keys.push(await create(backend.records, { body: bytes(`${i}`) }))
  let hear: ((message: string | undefined) => void) | undefined
  const received = new Promise((resolve) => { hear = resolve })
  await backend.bus.subscribe('channel', (message) => { hear?.(text(message)) })
  await server.kill()
  await t.rejects(backend.records.count(), { name: 'RedisError' })
  await server.run()
  t.equal(await recovery(async () => { await backend.ping() }), 'recovered')
  for (const [i, key] of keys.entries()) t.equal(text((await backend.records.read(key))?.body), `${i}`)
  t.equal(await recovery(async () => {
    if (await backend.bus.publish('channel', bytes('again')) === 0) throw new Error('nobody received it')
  }), 'recovered')
  t.equal(await received, 'again', 'subscribed again')
})

t.test('scripts that were flushed are sent again', async (t) => {
  const { backend, raw } = await single(t)
  const key = await create(backend.records)
  await raw.script('FLUSH')
  t.equal(await backend.records.touch(key, 1), 'current')
  t.equal(await backend.records.replace(key, 1, bytes('x')), 2)
})

t.test('a wrong password gives a clear error, without the password', async (t) => {
  const server = await RedisServer.start(['--requirepass', 'right'])
  const backend = redis({ url: server.url.replace('//', '//:canary@'), ...quiet })
  t.teardown(async () => {
    await backend.close()
    await server.stop()
  })
  const error = await backend.ping().then(() => undefined, (error: Error) => error)
  t.match(error, { name: 'RedisError', code: 'REDIS_AUTH', message: /user name or password/ })
  t.notMatch(`${error?.stack ?? ''}${JSON.stringify(error)}`, 'canary')
})

t.test('a user with the rights that the README lists can do everything; a lesser user gets an error', async (t) => {
  const { server, raw } = await single(t)
  await raw.acl('SETUSER', 'app', 'on', '>secret', '~holdfast:*', '&holdfast:*', '+@all', '-@dangerous', '+info')
  await raw.acl('SETUSER', 'less', 'on', '>secret', '~other:*', '+@all')
  const [app, less] = ['app', 'less'].map((username) => redis({
    connection: { port: server.port, username, password: 'secret' }, ...quiet
  }))
  t.teardown(async () => { await Promise.all([app?.close(), less?.close()]) })
  const key = await create(app!.records, { subject: 'somebody', idle: 1 })
  await app!.events.append({ key, name: 'stream' }, [])
  await app!.bus.subscribe('channel', () => {})
  await app!.presence.announce('replica', 1000)
  t.equal((await app!.records.claimExpired(5)).records.length, 1)
  await t.rejects(less!.records.read(key), { code: 'REDIS_NOPERM' })
})

t.test('an error of Redis about one record rejects the creation of this record only', async (t) => {
  const { backend: { records }, raw } = await single(t)
  await raw.acl('SETUSER', 'default', '-hset')
  await t.rejects(records.create(draft(), UNLIMITED), { code: 'REDIS_NOPERM' })
  await raw.acl('SETUSER', 'default', '+hset')
  const [blocked, free] = [draft({ subject: 'blocked' }), draft({ subject: 'free' })]
  await raw.set(new Keys('holdfast:').owner(blocked.owner), 'a string')
  const created = await Promise.allSettled([records.create(blocked, UNLIMITED), records.create(free, UNLIMITED)])
  t.match(created, [
    { status: 'rejected', reason: { code: 'REDIS_FOREIGN' } }, { status: 'fulfilled', value: 'created' }
  ])
})

t.test('an error of Redis about one of many records does not keep the others from being created', async (t) => {
  const { backend: { records }, raw } = await single(t)
  const [blocked, free] = [draft({ subject: 'blocked' }), draft({ subject: 'free' })]
  await raw.set(new Keys('holdfast:').owner(blocked.owner), 'a string')
  await t.rejects(records.createMany([blocked, free], UNLIMITED), { code: 'REDIS_FOREIGN' })
  t.equal(await records.touch(free.key, 1), 'current')
  await raw.acl('SETUSER', 'default', '-hset')
  await t.rejects(records.createMany([draft(), draft()], UNLIMITED), { code: 'REDIS_NOPERM' })
})

t.test('a client of yours may pipeline by itself', async (t) => {
  const { server } = await single(t)
  const client = new Redis(server.url, { enableAutoPipelining: true })
  t.teardown(() => { client.disconnect() })
  const { records } = redis({ client, ...quiet })
  const key = await create(records)
  t.strictSame(await Promise.all([records.touch(key, 1), records.count()]), ['current', 1])
})

t.test('a client of yours stays open, and nothing of ours stays on it', async (t) => {
  const { server } = await single(t)
  const client = new Redis(server.url, { lazyConnect: true })
  const backend = redis({ client, ...quiet })
  await backend.ping()
  t.ok((await backend.health()).latency > 0)
  await backend.close()
  t.equal(await client.ping(), 'PONG')
  t.equal(client.listenerCount('error') + client.listenerCount('ready'), 0)
  client.disconnect()
  await once(client, 'end')
  const closed = redis({ client, ...quiet })
  await t.rejects(closed.ping(), { code: 'REDIS_DISCONNECTED' })
})
