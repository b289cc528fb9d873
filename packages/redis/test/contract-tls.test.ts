import t from 'tap'
import { runContract } from '@holdfast/core/contract'
import { redis } from '../src/index.js'
import { harness } from './fixtures/harness.js'
import { tlsServer } from '@holdfast/real-redis'

const { url, ca, stop } = await tlsServer()
t.teardown(stop)
t.jobs = 16

runContract((name, run) => t.test(name, { buffered: true }, run), harness(() => ({ url, connection: { tls: { ca } } })))

t.test('a certificate that nobody vouches for is refused, and said', async (t) => {
  const backend = redis({ url, onWarning: () => {} })
  await t.rejects(backend.ping(), { code: 'REDIS_TLS' })
  await backend.close()
})
