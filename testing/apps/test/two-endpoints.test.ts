import { call, open, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import holdfast, { memory } from '@holdfast/fastify'
import Fastify from 'fastify'
import t from 'tap'
import { createServer } from './fixtures/create-server.js'
import { listening } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

t.test('two endpoints in two scopes of one app know nothing of each other', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  const backends = { one: memory(), two: memory() }
  t.teardown(async () => { for (const backend of Object.values(backends)) await backend.close() })
  for (const [name, backend] of Object.entries(backends)) {
    await app.register(async scope => {
      await scope.register(holdfast, { createServer: createServer(name), backend })
    }, { prefix: `/${name}` })
  }
  const one = await listening(app, '/one/mcp')
  const two = new URL('/two/mcp', one)
  for (const [name, url] of [['one', one], ['two', two]] as const) {
    await wholeSession(t, url)
    const { client } = await connected(t, url)
    t.match(await client.callTool({ name: 'whoami' }), { content: [{ text: name }] })
  }
  const elsewhere = await post(two, call('whoami'), await open(one))
  t.equal(elsewhere.status, 404)
  await elsewhere.text()
  await app.close()
})

t.test('one scope has one endpoint', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: createServer() })
  await t.rejects(async () => await app.register(holdfast, { createServer: createServer(), path: '/other' }),
    { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})
