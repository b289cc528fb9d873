import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { harness } from './fixtures/harness.js'
import { RedisServer } from '@holdfast/real-redis'

const server = await RedisServer.start()
t.teardown(async () => { await server.stop() })
t.jobs = 16

runContract((name, run) => t.test(name, { buffered: true }, run), harness(() => ({ url: server.url })))
