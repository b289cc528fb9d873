import { count, initialize, open, post } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { RedisServer, replicated, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { fromEnv } from '../dist/index.js'
import { served } from './fixtures/served.js'

const HOLDFAST_KEYS = generateKey()

/** With these, what Redis acknowledged survives SIGKILL. By default, it writes two seconds later on a busy disk. */
const SAFE = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']

async function redisServer (t: Test, before?: RedisServer): Promise<RedisServer> {
  const server = before ?? await RedisServer.start(SAFE)
  t.teardown(async () => { await server.stop() })
  return server
}

const onRedis = ({ url }: RedisServer): Record<string, string> =>
  ({ HOLDFAST_BACKEND: 'redis', REDIS_URL: url, HOLDFAST_KEYS })

/** How many sessions are under a prefix. */
async function sessionsAt ({ url }: RedisServer, prefix = 'holdfast:'): Promise<number> {
  const raw = new Redis(url)
  const keys = await raw.keys(`${prefix}*:r:*`)
  raw.disconnect()
  return keys.length
}

t.test('in memory, with what an environment says of the plugin and the bounds', async t => {
  const { url, app } = await served(t, {
    HOLDFAST_PATH: '/tools',
    HOLDFAST_HEALTH: '/health',
    HOLDFAST_METRICS_PATH: '/metrics',
    HOLDFAST_MAX_SESSIONS: '1',
    HOLDFAST_MEMORY_BYTES: '10000000',
    HOLDFAST_MAX_EVENTS: '10'
  })
  t.equal(await count(url, await open(url)), 1)
  t.equal((await post(url, initialize())).status, 503, 'there may be one session')
  t.equal((await app.inject('/health/ready')).statusCode, 200)
  t.match((await app.inject('/metrics')).body, /^holdfast_sessions_created_total\{path="\/tools"\} 1$/m)
})

t.test('a bound that memory is given is kept', async t => {
  const { url } = await served(t, { HOLDFAST_MEMORY_BYTES: '1' })
  t.equal((await post(url, initialize())).status, 503)
})

t.test('in Redis, under a prefix; another replica goes on', async t => {
  const server = await redisServer(t)
  const environment = { ...onRedis(server), HOLDFAST_REDIS_PREFIX: 'shop:' }
  const [one, two] = await Promise.all([served(t, environment), served(t, environment)])
  const session = await open(one.url)
  t.equal(await count(one.url, session, 2), 2)
  t.equal(await count(two.url, session, 1), 3)
  t.equal(await sessionsAt(server, 'shop:'), 1)
  t.strictSame(one.log, [], 'nothing to warn of')
})

t.test('what is not safe about Redis is in the log of the app', async t => {
  const server = await redisServer(t, await RedisServer.start(['--maxmemory-policy', 'allkeys-lru']))
  const { url, log } = await served(t, onRedis(server))
  await open(url)
  await until('it warned', async () => log.some(line => line.includes('REDIS_EVICTS')))
  t.notMatch(log.join(), HOLDFAST_KEYS)
})

t.test('behind Sentinels', async t => {
  const { master, stop } = await replicated()
  t.teardown(stop)
  const sentinel = await RedisServer.sentinel(master)
  t.teardown(async () => { await sentinel.stop() })
  const { url } = await served(t, { ...onRedis(sentinel), HOLDFAST_REDIS_MASTER: 'main' })
  t.equal(await count(url, await open(url)), 1)
  t.equal(await sessionsAt(master), 1)
})

t.test('a copy gets what was there before, and what comes', async t => {
  const [server, other] = await Promise.all([redisServer(t), redisServer(t)])
  const before = await served(t, onRedis(server))
  await open(before.url)
  await before.app.close()
  const { url } = await served(t, { ...onRedis(server), HOLDFAST_COPY_URL: other.url, HOLDFAST_COPY_PREFIX: 'copy:' })
  const session = await open(url)
  await until('the copy has both', async () => await sessionsAt(other, 'copy:') === 2)
  t.equal(await sessionsAt(server), 2)
  await fetch(url, { method: 'DELETE', headers: session })
  await until('the copy has the end as well', async () => await sessionsAt(other, 'copy:') === 1)
})

t.test('a copy in the same Redis, under another prefix', async t => {
  const server = await redisServer(t)
  const { url } = await served(t, {
    ...onRedis(server), HOLDFAST_COPY_URL: server.url, HOLDFAST_COPY_PREFIX: 'copy:', HOLDFAST_REDIS_PREFIX: 'first:'
  })
  await open(url)
  await until('the copy has it', async () => await sessionsAt(server, 'copy:') === 1)
  t.equal(await sessionsAt(server, 'first:'), 1)
})

for (const copied of [false, true]) {
  t.test(`while Redis is away, sessions begin in memory${copied ? ', also where there is a copy' : ''}`, async t => {
    const server = await redisServer(t)
    const copy = copied ? { HOLDFAST_COPY_URL: (await redisServer(t)).url } : undefined
    const { url, log } = await served(t, {
      ...onRedis(server),
      ...copy,
      HOLDFAST_FALLBACK: 'memory',
      HOLDFAST_FALLBACK_PROBE: '50ms',
      HOLDFAST_REDIS_COMMAND_TIMEOUT: '200ms'
    })
    const old = await open(url)
    await server.kill()
    await until('there is a session without Redis', async () => (await post(url, initialize())).status === 200)
    const session = await open(url)
    t.equal(await count(url, session), 1)
    t.equal((await post(url, { jsonrpc: '2.0', id: 1, method: 'ping' }, old)).status, 503)
    await server.run()
    await until('Redis has it', async () => log.some(line => line.includes('served by the primary')))
    t.ok(log.some(line => line.includes('sessions are served by the fallback')))
    t.equal(await count(url, session), 2)
    t.equal(await count(url, old), 1)
    t.equal(log.some(line => line.includes(session['mcp-session-id'] as string)), false)
  })
}

t.test('an app that closes leaves no connection, also where it never served', async t => {
  const server = await redisServer(t)
  const copy = { HOLDFAST_COPY_URL: server.url, HOLDFAST_COPY_PREFIX: 'copy:' }
  const { createBackend } = fromEnv({ ...onRedis(server), ...copy })
  const app = Fastify()
  await createBackend(app).ping()
  await app.close()
  const raw = new Redis(server.url)
  t.teardown(() => { raw.disconnect() })
  await until('nobody else is connected', async () => !(await raw.client('LIST') as string).trim().includes('\n'))
})
