import t from 'tap'
import { CONNECTION, contract } from './fixtures/contract.js'
import { RedisServer, replicated } from '@holdfast/real-redis'

const { master, stop } = await replicated()
const sentinel = await RedisServer.sentinel(master)
t.teardown(async () => {
  await sentinel.stop()
  await stop()
})

contract(t, () => ({ url: sentinel.url, master: 'main' }), { groups: CONNECTION })
