import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { RedisCluster } from '@holdfast/real-redis'
import { harness } from './fixtures/harness.js'

const cluster = await RedisCluster.start()
const clients = [cluster.client(), cluster.client()] as const
t.teardown(async () => {
  for (const client of clients) client.disconnect()
  await cluster.stop()
})
t.jobs = 40

let made = 0
runContract((name, run) => t.test(name, { buffered: true }, run), harness(() => ({ client: made++ % 2 === 0 ? clients[0] : clients[1] })))
