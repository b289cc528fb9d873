import t from 'tap'
import { redis } from '../dist/index.js'
import { CONNECTION, contract } from './fixtures/contract.js'
import { tlsServer } from '@holdfast/real-redis'

const { url, ca, stop } = await tlsServer()
t.teardown(stop)

contract(t, () => ({ url, connection: { tls: { ca } } }), { groups: CONNECTION })

t.test('an untrusted certificate is refused with an error of its own', async (t) => {
  const backend = redis({ url, onWarning: () => {} })
  await t.rejects(backend.ping(), { code: 'REDIS_TLS' })
  await backend.close()
})
