import t from 'tap'
import { RedisServer } from '@holdfast/real-redis'
import { onPartition } from '@holdfast/core/contract'
import { contract } from './fixtures/contract.js'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })

contract(t, () => ({ url: server.url }), { through: onPartition })
