import t from 'tap'
import { RedisCluster } from '@holdfast/real-redis'
import { Redis } from 'ioredis'
import { redis } from '../dist/index.js'
import { create } from './fixtures/given.js'
import { contract } from './fixtures/contract.js'

const cluster = await RedisCluster.start()
const clients = [cluster.client(), cluster.client()] as const
t.teardown(async () => {
  for (const client of clients) client.disconnect()
  await cluster.stop()
})

let made = 0
contract(t, () => ({ client: made++ % 2 === 0 ? clients[0] : clients[1] }))

t.test('URLs of some nodes are enough; user and password of the first go to all', async (t) => {
  const raws = cluster.servers.map(({ url }) => new Redis(url))
  for (const raw of raws) await raw.acl('SETUSER', 'app', 'on', '>se,cret', '~*', '&*', '+@all')
  const [{ port = 0 } = {}, ...others] = cluster.servers.slice(0, 2)
  const backend = redis({
    url: [`redis://app:se%2Ccret@127.0.0.1:${port}`, ...others.map(({ url }) => url)],
    commandTimeout: 5000,
    onWarning: () => {}
  })
  t.teardown(async () => {
    for (const raw of raws) raw.disconnect()
    await backend.close()
  })
  for (let i = 0; i < 20; i++) await create(backend.records)
  const served = await Promise.all(
    raws.map(async (raw) => /user=app .*cmd=evalsha|cmd=evalsha.* user=app/.test(String(await raw.client('LIST'))))
  )
  t.equal(served.filter((used) => used).length, 3, 'every master was asked as that user')
})

t.test('rediss:// means TLS for every node', async (t) => {
  const backend = redis({
    url: cluster.servers.map(({ url }) => url.replace('redis:', 'rediss:')), onWarning: () => {}
  })
  t.teardown(async () => { await backend.close() })
  await t.rejects(backend.ping(), { name: 'RedisError' })
})
