import { generateKey } from '@holdfast/fastify'
import { freePort, RedisServer, until } from '@holdfast/real-redis'
import { count, initialize, open, post } from '@holdfast/clients/by-hand'
import t, { type Test } from 'tap'
import { startChildServer } from '../dist/child-server.js'
import { onRedis } from './fixtures/on-redis.js'

const REDIS = { HOLDFAST_BACKEND: 'redis', HOLDFAST_KEYS: generateKey() }
/** Milliseconds, and half of what the start takes anyway: connecting is work, too. */
const BOOT = 1000
/** Milliseconds: ten times what is promised. */
const SOON = 20_000

t.test('with Redis down it listens at once, says that it is not ready, and serves as soon as Redis is up', async t => {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  // What Node and the imports take is the same for both, and two that start side by side share the machine.
  const atOnce = async (): Promise<boolean> => {
    const [memory, down] = await Promise.all([
      started(t, { HOLDFAST_BACKEND: 'memory' }), started(t, { ...REDIS, REDIS_URL: url })
    ])
    t.comment(`from spawn to listening: ${Math.round(memory)} ms in memory, ${Math.round(down)} ms with Redis down`)
    return down < 1.5 * memory + BOOT
  }
  t.ok(await atOnce() || await atOnce(), 'of two pairs one is enough: the machine may have been busy with either')

  const server = await onRedis(t, url)
  const health = async (path: string): Promise<Response> => await fetch(new URL(`/health/${path}`, server.url))
  const unready = await health('ready')
  t.equal(unready.status, 503)
  t.match(unready.headers.get('retry-after'), /^\d+$/)
  t.match(await unready.json(), { reason: 'backend' })
  t.equal((await health('live')).status, 200)
  t.equal((await post(server.url, initialize())).status, 503)

  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'], port)
  t.teardown(async () => { await redis.stop() })
  const up = performance.now()
  await until('it is ready', async () => (await health('ready')).status === 200)
  const ready = performance.now() - up
  t.comment(`ready ${Math.round(ready)} ms after Redis`)
  t.ok(ready < SOON)
  const session = await open(server.url)
  t.equal(await count(server.url, session), 1)
  t.equal(await count(server.url, session), 2)
  t.equal(await server.stop(), 0)
})

async function started (t: Test, environment: Record<string, string>): Promise<number> {
  const began = performance.now()
  const server = await startChildServer(environment)
  const took = performance.now() - began
  t.equal(await server.stop(), 0)
  return took
}

t.test('it ends in time while Redis is down', async t => {
  const server = await onRedis(t, `redis://127.0.0.1:${await freePort()}`)
  const began = performance.now()
  t.equal(await server.stop(), 0)
  t.comment(`${Math.round(performance.now() - began)} ms`)
})
