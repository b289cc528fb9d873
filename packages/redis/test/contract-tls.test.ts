import t from 'tap'
import { redis } from '../dist/index.js'
import { CONNECTION, contract } from './fixtures/contract.js'
import { tlsServer } from '@holdfast/real-redis'

const { url, ca, stop } = await tlsServer()
t.teardown(stop)

contract(t, () => ({ url, connection: { tls: { ca } } }), { groups: CONNECTION })

t.test('a certificate that nobody vouches for is refused, and said', async (t) => {
  const backend = redis({ url, onWarning: () => {} })
  await t.rejects(backend.ping(), { code: 'REDIS_TLS' })
  await backend.close()
})
