import t from 'tap'
import { redis } from '../src/index.js'
import { contract } from './fixtures/contract.js'
import { tlsServer } from '@holdfast/real-redis'

const { url, ca, stop } = await tlsServer()
t.teardown(stop)

contract(t, () => ({ url, connection: { tls: { ca } } }))

t.test('a certificate that nobody vouches for is refused, and said', async (t) => {
  const backend = redis({ url, onWarning: () => {} })
  await t.rejects(backend.ping(), { code: 'REDIS_TLS' })
  await backend.close()
})
