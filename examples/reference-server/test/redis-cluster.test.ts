import { generateKey } from '@holdfast/fastify'
import { open } from '@holdfast/clients/by-hand'
import { RedisCluster, type RedisServer, until } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { endure } from './fixtures/endure.js'
import { onRedis } from './fixtures/on-redis.js'

const cluster = await RedisCluster.start()
t.teardown(async () => {
  for (const server of cluster.servers) server.signal('SIGCONT')
  await cluster.stop()
})
const nodes = cluster.servers.slice(0, 3).map(({ url }) => url).join()

// A write counts as done when a replica has it: what a master had alone would be lost with it.
const environment = { HOLDFAST_REDIS_REPLICATED: '1', HOLDFAST_KEYS: generateKey() }
const [one, two] = await Promise.all([onRedis(t, nodes, environment), onRedis(t, nodes, environment)])

t.test('a Cluster that fails over by plan loses nothing', async t => {
  const replica = await find(/role:slave/)
  await endure(t, one.url, {
    total: false,
    begin: async () => await ask(replica, 'cluster', 'failover'),
    lasts: 0,
    end: async () => {
      await until('the replica is master', async () => /role:master/.test(await ask(replica, 'info', 'replication')))
      await until('the Cluster is whole', isWhole)
    }
  })
})

for (const [fails, signal] of [['dies', 'SIGKILL'], ['stops in its tracks', 'SIGSTOP']] as const) {
  t.test(`a Cluster of which a master ${fails} loses nothing`, async t => {
    const lost = await find(/role:master/)
    let back = 0
    await endure(t, one.url, {
      total: false,
      begin: async () => {
        if (signal === 'SIGKILL') await lost.kill()
        else lost.signal(signal)
      },
      lasts: 0,
      end: async () => {
        const others = cluster.servers.filter(server => server !== lost)
        await until('another one is master', async () => {
          const infos = await Promise.all(others.map(async server => await ask(server, 'info', 'replication')))
          return infos.filter(info => info.includes('role:master')).length === 3
        })
        if (signal === 'SIGKILL') await lost.run()
        else lost.signal('SIGCONT')
        await until('the Cluster is whole', isWhole)
        back = performance.now()
      }
    })
    await until('both hear of each other', async () => await listeners() === 2)
    t.comment(`all hear of each other ${Math.round(performance.now() - back)} ms after the failover at most`)
    const session = await open(one.url)
    const stream = await fetch(two.url, { headers: { accept: 'text/event-stream', ...session } })
    t.equal(stream.status, 200)
    t.equal((await fetch(one.url, { method: 'DELETE', headers: session })).status, 200)
    await stream.text()
    t.equal(one.process.exitCode, null)
  })
}

async function ask ({ url }: RedisServer, command: string, ...args: string[]): Promise<string> {
  const raw = new Redis(url)
  raw.on('error', () => {})
  try {
    return String(await raw.call(command, ...args))
  } finally {
    raw.disconnect()
  }
}

async function find (role: RegExp): Promise<RedisServer> {
  for (const server of cluster.servers) if (role.test(await ask(server, 'info', 'replication'))) return server
  throw new Error(`no server says ${String(role)}`)
}

async function isWhole (): Promise<boolean> {
  const infos = await Promise.all(cluster.servers.map(async server =>
    await ask(server, 'cluster', 'info') + await ask(server, 'info', 'replication')))
  const ok = infos.every(info => info.includes('cluster_state:ok'))
  return ok && infos.filter(info => /role:master/.test(info) && /state=online/.test(info)).length === 3
}

async function listeners (): Promise<number> {
  const counts = await Promise.all(cluster.servers.map(async server => {
    const count = await ask(server, 'pubsub', 'shardnumsub', 'holdfast:bus:mcp:fleet')
    return Number(count.split(',')[1])
  }))
  return counts.reduce((sum, count) => sum + count, 0)
}
