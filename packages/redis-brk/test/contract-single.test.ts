import t from 'tap'
import { contract } from './fixtures/contract.js'
import { RedisServer } from '@holdfast/real-redis'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })

contract(t, () => ({ url: server.url }))
