import rateLimit from '@fastify/rate-limit'
import { initialize, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import t from 'tap'
import { start } from './fixtures/start.js'

t.test('a client that @fastify/rate-limit has refused goes on in its session', async t => {
  let now = 'open'
  const { url } = await start(t, {
    before: async app => {
      await app.register(rateLimit, {
        max: () => now === 'open' ? 1_000 : 0, keyGenerator: () => now, timeWindow: '1 hour'
      })
    }
  })
  const { client } = await connected(t, url)
  await client.callTool({ name: 'whoami' })
  now = 'shut'
  await t.rejects(client.callTool({ name: 'whoami' }), /Rate limit/)
  const refused = await post(url, initialize())
  t.equal(refused.status, 429)
  t.match(refused.headers.get('retry-after'), /^\d+$/)
  t.match(await refused.json(), { jsonrpc: '2.0', id: null, error: { message: /Rate limit/ } })
  now = 'open'
  t.match(await client.callTool({ name: 'whoami' }), { content: [{ text: 'server' }] })
})
