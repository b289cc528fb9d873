import { generateKey } from '@holdfast/fastify'
import { open } from '@holdfast/clients/by-hand'
import { RedisServer, replicated, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { endure } from './fixtures/endure.js'
import { onRedis } from './fixtures/on-redis.js'

const { master, replicas, stop } = await replicated(2)
const servers = [master, ...replicas]
const sentinel = await RedisServer.sentinel(master)
const watcher = new Redis(sentinel.url)
t.teardown(async () => {
  watcher.disconnect()
  for (const server of servers) server.signal('SIGCONT')
  await sentinel.stop()
  await stop()
})
await until('the Sentinel knows both replicas', async () =>
  /num-slaves,2/.test(String(await watcher.call('sentinel', 'master', 'main'))))

// A write counts as done when a replica has it. Without that, what was written just before a master dies may be lost.
const environment = { HOLDFAST_REDIS_MASTER: 'main', HOLDFAST_REDIS_REPLICATED: '1', HOLDFAST_KEYS: generateKey() }
const [one, two] = await Promise.all([onRedis(t, sentinel.url, environment), onRedis(t, sentinel.url, environment)])

const FAILURES: Record<string, (server: RedisServer) => Promise<void>> = {
  'stops in its tracks': async server => { server.signal('SIGSTOP') },
  dies: async server => await server.kill()
}

for (const [fails, fail] of Object.entries(FAILURES)) {
  t.test(`behind Sentinel, a master that ${fails} takes nothing with it`, async t => {
    const before = await currentMaster()
    let [after, back] = [before, 0]
    await endure(t, one.url, {
      total: false,
      begin: async () => await fail(before),
      lasts: 0,
      end: async () => {
        await until('there is another master', async () => (after = await currentMaster()) !== before)
        await until('it has a replica', async () => await isWhole(after))
        back = performance.now()
      }
    })
    await until('who was not asked meanwhile is ready', async () =>
      (await fetch(new URL('/health/ready', two.url))).status === 200)
    await until('both hear of each other', async () => await listeners(after) === 2)
    const took = Math.round(performance.now() - back)
    t.comment(`who was not asked meanwhile is ready, and all hear of each other, at most ${took} ms after the failover`)

    const session = await open(one.url)
    const stream = await fetch(two.url, { headers: { accept: 'text/event-stream', ...session } })
    t.equal(stream.status, 200)
    const began = performance.now()
    t.equal((await fetch(one.url, { method: 'DELETE', headers: session })).status, 200)
    await stream.text()
    t.comment(`an end that is told on one replica reached the other after ${Math.round(performance.now() - began)} ms`)
    before.signal('SIGCONT')
  })
}

async function currentMaster (): Promise<RedisServer> {
  const [, port] = await watcher.call('sentinel', 'get-master-addr-by-name', 'main') as [string, string]
  return servers.find(server => server.port === Number(port)) as RedisServer
}

async function listeners ({ url }: RedisServer): Promise<number> {
  const raw = new Redis(url)
  const [, heard] = await raw.pubsub('NUMSUB', 'holdfast:bus:mcp:fleet') as [string, number]
  raw.disconnect()
  return heard
}

async function isWhole ({ url }: RedisServer): Promise<boolean> {
  const raw = new Redis(url)
  const info = await raw.info('replication')
  raw.disconnect()
  return /role:master/.test(info) && /state=online/.test(info)
}
