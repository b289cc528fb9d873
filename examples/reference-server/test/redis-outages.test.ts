import { generateKey } from '@holdfast/fastify'
import { RedisServer } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { endure, type Trouble } from './fixtures/endure.js'
import { onRedis } from './fixtures/on-redis.js'

const redis = await RedisServer.start([
  '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'
])
const raw = new Redis(redis.url)
// It loses its connection again and again.
raw.on('error', () => {})
t.teardown(async () => {
  raw.disconnect()
  redis.signal('SIGCONT')
  await redis.stop()
})
const server = await onRedis(t, redis.url, { HOLDFAST_KEYS: generateKey() })

const PAUSED = 1200

const TROUBLES: Record<string, Trouble> = {
  'killed, and started again with its AOF': {
    begin: async () => { await redis.kill() },
    end: async () => { await redis.run() }
  },
  'stopped with SIGSTOP': {
    begin: async () => { redis.signal('SIGSTOP') },
    end: async () => { redis.signal('SIGCONT') }
  },
  'paused with CLIENT PAUSE': {
    begin: async () => await raw.client('PAUSE', PAUSED, 'ALL'),
    lasts: PAUSED - 200,
    end: async () => await raw.ping()
  },
  'paused for writes only': {
    begin: async () => await raw.client('PAUSE', 60_000, 'WRITE'),
    end: async () => await raw.client('UNPAUSE')
  },
  'a replica without a master': {
    begin: async () => await raw.replicaof('127.0.0.1', 1),
    end: async () => await raw.replicaof('NO', 'ONE')
  },
  'short of replicas that it must have': {
    begin: async () => await raw.config('SET', 'min-replicas-to-write', '1'),
    end: async () => await raw.config('SET', 'min-replicas-to-write', '0')
  }
}

for (const [what, trouble] of Object.entries(TROUBLES)) {
  t.test(`Redis is ${what}`, async t => {
    await endure(t, server.url, trouble)
    t.match(server.log(), 'the backend does not answer')
    t.equal(server.process.exitCode, null)
  })
}

t.test('scripts are flushed: nobody notices', async t => {
  const during = await endure(t, server.url, {
    total: false,
    begin: async () => await raw.script('FLUSH'),
    lasts: 200,
    end: async () => await raw.script('FLUSH')
  })
  t.strictSame([...new Set(during.map(({ status }) => status))], [200])
})

t.test('the memory is full: what would grow is refused, the rest is served', async t => {
  const during = await endure(t, server.url, {
    total: false,
    begin: async () => await raw.config('SET', 'maxmemory', '1mb'),
    end: async () => await raw.config('SET', 'maxmemory', '0')
  })
  t.ok(during.some(({ kind, status }) => kind === 'initialize' && status === 503))
  const failed = during.filter(({ kind, body }) => kind === 'counter' && body.result?.isError === true)
  t.ok(failed.length > 0)
  t.match(failed[0]?.body.result.content[0].text, 'The backend has no room left')
  for (const kind of ['GET', 'DELETE']) {
    const answers = during.filter(answer => answer.kind === kind)
    t.ok(answers.every(({ status }) => status === 200), `${kind} is served`)
  }
})
