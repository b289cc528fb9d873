import { SetLevelRequestSchema, SubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { said } from './fixtures/client.js'
import { type FleetOptions, type Fleet, fleet } from './fixtures/fleet.js'
import { Gate, eventually, turns } from '@holdfast/waiting'

type Subtest = Parameters<typeof fleet>[0]

/** A session whose client sets a log level elsewhere, and whose server here is slow to learn of it. */
async function slowLearner (t: Subtest, options: FleetOptions = {}): Promise<{
  f: Fleet
  client: ReturnType<Fleet['client']>
  asked: Gate
  gate: Gate
  levels: string[]
  ids: unknown[]
}> {
  const [asked, gate] = [new Gate(), new Gate()]
  const [levels, ids]: [string[], unknown[]] = [[], []]
  const f = await fleet(t, { replicas: 2, scripts: { level: () => levels.at(-1) ?? 'none' }, ...options })
  const client = await f.client().begin()
  f.made[0]?.server.server.setRequestHandler(SetLevelRequestSchema, async ({ params }, { requestId }) => {
    ids.push(requestId)
    asked.open()
    await gate.passed
    levels.push(params.level)
    return {}
  })
  await client.at(f.second.endpoint).post(client.request('logging/setLevel', { level: 'error' }))
  return { f, client, asked, gate, levels, ids }
}

t.test('nobody is served before the server knows what the client set elsewhere', async (t) => {
  const { client, asked, gate, levels } = await slowLearner(t)
  const first = client.do('level')
  await asked.passed
  const others = [client.do('level'), client.do('level')]
  await turns()
  gate.open()
  for (const reply of [first, ...others]) t.equal(said((await reply).json), 'error')
  t.same(levels, ['error'], 'once')
})

t.test('a client cannot take back what the server is asked on its behalf', async (t) => {
  const { f, client, asked, gate, ids } = await slowLearner(t)
  const heard: unknown[] = []
  const { onmessage } = (f.made[0]?.server.server as any).transport
  ;(f.made[0]?.server.server as any).transport.onmessage = (message: any, extra: unknown) => {
    if (message.method === 'notifications/cancelled') heard.push(message.params.requestId)
    onmessage(message, extra)
  }
  const reply = client.do('level')
  await asked.passed
  for (const requestId of ['holdfast.1', 'holdfast.2', 1, '1', String(ids[0]).replace(/^.{22}/, 'x'.repeat(22))]) {
    await client.notify('notifications/cancelled', { requestId })
  }
  await client.at(f.second.endpoint).notify('notifications/cancelled', { requestId: 'holdfast.1' })
  await turns()
  t.same(heard, [])
  t.match(String(ids[0]), /^[\w-]{22}\.\d+$/)
  gate.open()
  t.equal(said((await reply).json), 'error')
})

t.test('a server that does not learn in time is not waited for for ever, and learns with the next request', async t => {
  const { client, gate, ids, levels } = await slowLearner(t, { factoryTimeout: 200 })
  const replies = await Promise.all([client.do('level'), client.do('level')])
  for (const reply of replies) t.match(reply, { status: 503, headers: { 'retry-after': '5' } })
  t.equal(ids.length, 1)
  gate.open()
  await turns()
  t.equal(said((await client.do('level')).json), 'error')
  t.equal(levels.at(-1), 'error')
})

t.test('what is left when the server does not learn in time is not asked', async (t) => {
  const f = await fleet(t, { replicas: 2, factoryTimeout: 100, scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  const asked: string[] = []
  f.made[0]?.server.server.setRequestHandler(SubscribeRequestSchema, async ({ params }) => {
    asked.push(params.uri)
    return asked.length > 1 ? {} : await new Promise(() => {})
  })
  const there = client.at(f.second.endpoint)
  for (const uri of ['a:1', 'a:2']) await there.post(client.request('resources/subscribe', { uri }))
  t.equal((await client.do('hello')).status, 503)
  await turns()
  t.same(asked, ['a:1'])
  t.equal(said((await client.do('hello')).json), 'hi')
  t.same(asked, ['a:1', 'a:1', 'a:2'])
})

t.test('a change here does not hide what came from elsewhere with it', async (t) => {
  const f = await fleet(t, { replicas: 2, scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  const gate = new Gate()
  const handled = new Gate()
  const [made] = f.made
  made?.server.server.setRequestHandler(SubscribeRequestSchema, async ({ params }) => {
    made.subscriptions.add(params.uri)
    if (params.uri === 'a:here') {
      handled.open()
      await gate.passed
    }
    return {}
  })
  const here = client.post(client.request('resources/subscribe', { uri: 'a:here' }))
  await handled.passed
  await client.at(f.second.endpoint).post(client.request('resources/subscribe', { uri: 'a:there' }))
  gate.open()
  await here
  await client.do('hello')
  t.same([...made?.subscriptions ?? []].sort(), ['a:here', 'a:there'])
})

t.test('who comes while a server is made may know more than the one for whom it is made', async (t) => {
  const gate = new Gate()
  const f = await fleet(t, { maxLive: 1, replicas: 2, scripts: { hello: () => 'hi' } })
  const client = await f.client().begin()
  await f.client().begin()
  await eventually(() => f.made[0]?.disposed.length === 1)
  const held = f.first.weather.hold('records.touch')
  const first = client.do('hello')
  await held.reached
  await client.at(f.second.endpoint).post(client.request('resources/subscribe', { uri: 'a:1' }))
  held.release()
  const second = client.do('hello')
  gate.open()
  t.same([(await first).status, (await second).status], [200, 200])
  t.ok(f.made.some(
    ({ session, subscriptions }) => session.activated && session.replica === f.first.name && subscriptions.has('a:1')
  ))
})
