import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { call, count, initialize, open, post } from '@holdfast/clients/by-hand'
import { generateKey } from '@holdfast/fastify'
import { RedisServer, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { onRedis } from './fixtures/on-redis.js'

const TEN_MINUTES = 600_000

// Each has servers of its own, and waits for them to start.
t.jobs = 2

async function start (t: Test, settings: string[] = []): Promise<{ redis: RedisServer, raw: Redis }> {
  const redis = await RedisServer.start(['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...settings])
  const raw = new Redis(redis.url, settings[0] === '--requirepass' ? { password: settings[1] as string } : {})
  t.teardown(async () => {
    raw.disconnect()
    await redis.stop()
  })
  return { redis, raw }
}

async function standIn (t: Test, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const record = async (raw: Redis, known: string[]): Promise<string> =>
  (await raw.keys('holdfast:*:r:*')).find(name => !known.includes(name)) as string

t.test('what is not ours, or of an older schema, is skipped, reported and kept', { buffered: true }, async t => {
  const { redis, raw } = await start(t)
  const server = await onRedis(t, redis.url)
  const own = await open(server.url)
  const known = await raw.keys('holdfast:*:r:*')
  const values: Record<string, (name: string) => Promise<unknown>> = {
    'a string': async name => await raw.set(name, 'somebody else\'s'),
    'a list': async name => await raw.rpush(name, 'a', 'b'),
    'a hash with garbage': async name =>
      await raw.hset(name, { v: 'x', w: '', u: 'never', i: '-1', d: 'NaN', b: 'garbage' }),
    'a hash of an older schema': async name => await raw.hset(name, { session: '{}', ttl: '60' })
  }
  for (const [what, put] of Object.entries(values)) {
    const session = await open(server.url)
    const name = await record(raw, known)
    known.push(name)
    await raw.del(name)
    await put(name)
    const before = await raw.dump(name)
    t.equal((await post(server.url, call('counter'), session)).status, 404, what)
    t.equal(await raw.dump(name), before, `${what} is kept`)
  }
  const sealed = await open(server.url)
  const name = await record(raw, known)
  await raw.hset(name, 'b', 'not sealed by anybody', 'v', '9')
  t.equal((await post(server.url, call('counter'), sealed)).status, 404, 'a body that does not open')
  t.equal(await raw.hget(name, 'b'), 'not sealed by anybody', 'is kept')
  const foreign = [['holdfast:', 'x'], ['holdfast:{x}:other', 'x'], ['holdfast:bus:mcp:fleet', 'x']] as const
  for (const [key, value] of foreign) await raw.set(key, value)
  await raw.publish('holdfast:bus:mcp:fleet', 'not a message of ours')
  t.equal(await count(server.url, own), 1, 'the others go on')
  await until('it is reported', async () =>
    server.log().includes('REDIS_FOREIGN') && server.log().includes('cannot be opened'))
  t.equal(server.process.exitCode, null)
})

t.test('a wrong password is said in the log, without the password', { buffered: true }, async t => {
  const { redis } = await start(t, ['--requirepass', 'right'])
  const server = await onRedis(t, redis.url.replace('//', '//:canary-password@'))
  t.equal((await post(server.url, initialize())).status, 503)
  await until('it is said', async () => server.log().includes('Redis did not accept the user name or password'))
  t.notMatch(server.log() + server.output(), 'canary')
})

t.test('two applications with different prefixes do not know of each other', { buffered: true }, async t => {
  const { redis } = await start(t)
  const keys = generateKey()
  const [one, two] = await Promise.all(['one:', 'two:'].map(async prefix =>
    await onRedis(t, redis.url, { HOLDFAST_REDIS_PREFIX: prefix, HOLDFAST_KEYS: keys })))
  const session = await open(one!.url)
  t.equal((await post(two!.url, call('counter'), session)).status, 404)
  t.equal((await fetch(two!.url, { method: 'DELETE', headers: session })).status, 404)
  t.equal(await count(one!.url, session), 1)
})

t.test('applications with different keys on one prefix: 503, and nothing is destroyed', { buffered: true }, async t => {
  const { redis, raw } = await start(t)
  const [one, two] = [await onRedis(t, redis.url), await onRedis(t, redis.url)]
  const session = await open(one.url)
  t.equal(await count(one.url, session), 1)
  const [name = ''] = await raw.keys('holdfast:*:r:*')
  const body = await raw.hgetBuffer(name, 'b')
  const headers = { accept: 'text/event-stream', ...session }
  for (const response of [await post(two.url, call('counter'), session), await fetch(two.url, { headers })]) {
    t.equal(response.status, 503)
    t.match(response.headers.get('retry-after'), /^\d+$/)
    t.match(await response.json(), { jsonrpc: '2.0', error: {} })
  }
  t.ok(body?.equals(await raw.hgetBuffer(name, 'b') as Buffer))
  const other = await open(two.url)
  t.equal(await count(two.url, other), 1)
  t.equal(await count(one.url, session), 2)
})

t.test('replicas whose clocks are ten minutes apart agree: the clock of Redis decides', { buffered: true }, async t => {
  const { redis } = await start(t)
  const environment = { HOLDFAST_KEYS: generateKey(), HOLDFAST_IDLE: '3s' }
  const shifted = (by: number): string => {
    const code = `const { now } = Date; Date.now = () => now() + ${by}`
    return `--import=data:text/javascript,${encodeURIComponent(code)}`
  }
  const [fast, slow] = await Promise.all([TEN_MINUTES, -TEN_MINUTES].map(async by =>
    await onRedis(t, redis.url, { ...environment, NODE_OPTIONS: shifted(by) })))
  await Promise.all(([[fast, slow], [slow, fast]] as const).map(async ([opener, other]) => {
    const session = await open(opener!.url)
    for (let total = 1; total <= 4; total += 2) {
      t.equal(await count(other!.url, session), total)
      t.equal(await count(opener!.url, session), total + 1)
      await new Promise(resolve => setTimeout(resolve, 1000))
    }
    await new Promise(resolve => setTimeout(resolve, 3200))
    t.equal((await post(other!.url, call('counter'), session)).status, 404, 'expired when its time had come')
  }))
})

t.test('a Redis that is too old is named, and clients hear 503', { buffered: true }, async t => {
  const url = await standIn(t, createServer(socket => {
    socket.on('error', () => {}).on('data', chunk => {
      for (const [command] of chunk.toString().toLowerCase().matchAll(/(?<=^\*\d+\r\n\$\d+\r\n)\w+/gm)) {
        const info = 'redis_version:5.0.14\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\nloading:0\r\n'
        socket.write(command === 'info' ? `$${info.length}\r\n${info}\r\n` : `-ERR unknown command \`${command}\`\r\n`)
      }
    })
  }))
  const server = await onRedis(t, url)
  await until('it is said', async () => server.log().includes('This Redis is older than 6.2'))
  const response = await post(server.url, initialize())
  t.equal(response.status, 503)
  t.match(response.headers.get('retry-after'), /^\d+$/)
})

t.test('a Redis that speaks RESP3 only is spoken to', { buffered: true }, async t => {
  const { redis } = await start(t)
  let refused = 0
  const url = await standIn(t, createServer(socket => {
    const server = connect(redis.port, '127.0.0.1')
    const end = (): void => { socket.destroy(); server.destroy() }
    socket.once('data', chunk => {
      if (/^\*\d+\r\n\$5\r\nhello\r\n\$1\r\n3\r\n/i.test(chunk.toString())) {
        server.write(chunk)
        socket.pipe(server).pipe(socket)
      } else {
        refused++
        socket.end('-NOPROTO only RESP3 is spoken here\r\n')
      }
    })
    for (const one of [socket, server]) one.on('error', end).on('close', end)
  }))
  const server = await onRedis(t, url)
  const session = await open(server.url)
  t.equal(await count(server.url, session), 1)
  t.equal(refused, 0)
})
