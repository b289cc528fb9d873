import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { harness } from './fixtures/harness.js'
import { RedisServer, replicated } from '@holdfast/real-redis'

const { master, stop } = await replicated()
const sentinel = await RedisServer.sentinel(master)
t.teardown(async () => {
  await sentinel.stop()
  await stop()
})
t.jobs = 16

const connection = { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' }
runContract((name, run) => t.test(name, { buffered: true }, run), harness(() => ({ connection })))
