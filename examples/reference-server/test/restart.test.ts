import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { count, open, post, call as message } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { durable } from './fixtures/durable.js'

const A = { token: 'token-a' }
const TOKENS = { HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a,tenant-b:token-b' }

// Each has a server of its own, and waits for it to start and to end.
t.jobs = 3

t.test('five restarts in a row lose nothing', { buffered: true }, async t => {
  const it = await durable(t, TOKENS)
  const { url } = it.server
  const headers = { authorization: `Bearer ${A.token}` }
  const sessions = await Promise.all(Array.from({ length: 20 }, async () => await open(url, headers)))
  let rounds = 0
  const round = async (): Promise<void> => {
    rounds++
    const totals = await Promise.all(sessions.map(async session => await count(url, session)))
    t.ok(totals.every(total => total === rounds))
    t.equal(it.server.log(), '')
  }
  await round()
  const restart = async (): Promise<void> => {
    await it.restart()
    await round()
  }

  await t.test('sessions of two tenants keep their totals, context, clients and subscriptions', async t => {
    const a = await connected(t, url, {
      token: 'token-a', apiKey: 'key-of-tenant-a', capabilities: { elicitation: {}, roots: {} }
    })
    const b = await connected(t, url, { token: 'token-b', apiKey: 'key-of-tenant-b' })
    a.client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer: 'yes' } }))
    const updates = new EventEmitter()
    a.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      updates.emit('update', params.uri)
    })
    await a.client.subscribeResource({ uri: 'test://watched-resource' })
    t.match(await a.call('counter', { by: 3 }), { total: 3, activated: false })
    const { replica } = await b.call('counter', { by: 5 })
    const [knownOfA, knownOfB] = [await a.call('whoami'), await b.call('whoami')]
    t.match(knownOfA, {
      principal: { subject: 'tenant-a' }, apiKey: '…nt-a', capabilities: { elicitation: {}, roots: {} }
    })
    t.match(knownOfB, { principal: { subject: 'tenant-b' }, apiKey: '…nt-b' })
    const ids = [a.transport.sessionId, b.transport.sessionId]

    await restart()
    const updated = once(updates, 'update')
    t.match(await a.call('counter', { by: 10 }), { total: 13, activated: true })
    t.strictSame(await updated, ['test://watched-resource'])
    const after = await b.call('counter', { by: 10 })
    t.match(after, { total: 15, activated: true })
    t.not(after.replica, replica)
    t.strictSame(await a.call('whoami'), knownOfA)
    t.strictSame(await b.call('whoami'), knownOfB)
    t.match(await a.call('ask', { question: 'Still there?' }), { action: 'accept', answer: 'yes' })
    t.strictSame([a.transport.sessionId, b.transport.sessionId], ids)

    const foreign = { authorization: 'Bearer token-b', 'mcp-session-id': ids[0] ?? '' }
    t.equal((await post(url, message('counter'), foreign)).status, 404, 'each still belongs to its tenant')
  })

  await t.test('a session that was ended stays ended', async t => {
    const [kept, ended] = [await open(url, headers), await open(url, headers)]
    t.equal((await fetch(url, { method: 'DELETE', headers: ended })).status, 200)
    await restart()
    t.equal(await count(url, kept), 1)
    t.equal((await post(url, message('counter'), ended)).status, 404)
  })

  await t.test('a call whose stream was cut is answered by the next process, once', async t => {
    const { client, call } = await connected(t, url, A)
    const events = new EventEmitter()
    const running = client.callTool({ name: 'test_reconnection', arguments: {} }, undefined, {
      onresumptiontoken: id => events.emit('id', id)
    })
    // The priming event; then the server closes the stream, and the client waits a second before it comes back.
    await once(events, 'id')
    await restart()
    t.match(await running, { content: [{ text: 'Reconnection test completed' }] })
    t.match(await call('counter'), { total: 1, activated: true })
  })

  await t.test('SIGINT keeps them as well', async t => {
    const closed = once(it.server.process, 'close')
    it.server.process.kill('SIGINT')
    t.strictSame(await closed, [0, null])
    await it.start()
    await round()
  })

  await restart()
  t.equal(rounds, 6)
})

t.test('a session that expired meanwhile does not come back', { buffered: true }, async t => {
  const it = await durable(t, { HOLDFAST_IDLE: '1s' })
  const { url } = it.server
  const session = await open(url)
  t.equal(await it.server.stop(), 0)
  await pause(1_000)
  await it.start()
  t.equal((await post(url, message('counter'), session)).status, 404)
})

t.test('HOLDFAST_ENCRYPTION=none: a snapshot that anybody can read is restored, too', { buffered: true }, async t => {
  const it = await durable(t, { HOLDFAST_KEYS: undefined as never, HOLDFAST_ENCRYPTION: 'none' })
  const session = await open(it.server.url)
  await it.restart()
  t.equal(await count(it.server.url, session), 1)
})
