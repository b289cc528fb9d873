import t, { type Test } from 'tap'
import { events } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const bare = { accept: 'application/json, text/event-stream' }
const principal = ({ headers }: { headers: Record<string, unknown> }): { subject: string } =>
  ({ subject: String(headers['x-user']) })
const user = (name: string): { headers: Record<string, string> } => ({ headers: { 'x-user': name } })

async function refused (t: Test, response: Response, retryAfter: string): Promise<void> {
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), retryAfter)
  t.match(await response.json(), { jsonrpc: '2.0', error: { code: -32000, message: /Too many/ } })
}

t.test('no more sessions than maxSessions', async t => {
  const { url, app } = await start(t, { limits: { maxSessions: 2 } })
  const notices: unknown[] = []
  app.mcpSessions.on('limitReached', notice => { notices.push(notice) })
  const [one] = [await RawClient.open(url), await RawClient.open(url)]
  await refused(t, await new RawClient(url, bare).post(initializeRequest()), '10')
  t.match(notices, [{ limit: 'maxSessions' }])
  t.strictSame(await one?.call('echo', {}), {}, 'those that are there go on')
  await one?.delete()
  t.ok(await RawClient.open(url))
})

t.test('no more sessions of one principal than maxPerOwner, whatever others do', async t => {
  const { url, app } = await start(t, { principal, limits: { maxPerOwner: 2 } })
  const mine = [await RawClient.open(url, user('me')), await RawClient.open(url, user('me'))]
  await refused(t, await new RawClient(url, { ...bare, 'x-user': 'me' }).post(initializeRequest()), '10')
  t.ok(await RawClient.open(url, user('you')))
  t.equal(await app.mcpSessions.count({ principal: { subject: 'me' } }), 2)
  for (const client of mine) t.strictSame(await client.call('echo', {}), {})
})

t.test('evict: the longest idle one that nobody uses makes room', async t => {
  const [running, gate] = [latch(), latch()]
  const { url, app } = await start(t, {
    principal,
    limits: { maxPerOwner: 4, evict: 'idle' },
    createServer: serving({ ...echo, wait: async () => { running.open(); await gate.opened; return 'done' } })
  })
  const reasons: string[] = []
  app.mcpSessions.on('terminated', ({ reason }) => { reasons.push(reason) })
  const open = async (): Promise<RawClient> => await RawClient.open(url, user('me'))
  const [streaming, calling, oldest, newest] = [await open(), await open(), await open(), await open()]
  const stream = events(await streaming.get())
  await stream.next()
  const call = calling.call('wait')
  await running.opened
  await new Promise(resolve => setTimeout(resolve, 5))
  await newest.call('echo')
  const fifth = await RawClient.open(url, user('me'))
  t.strictSame(reasons, ['evicted'])
  t.equal((await oldest.get()).status, 404)
  await RawClient.open(url, user('me'))
  t.equal((await newest.get()).status, 404)
  await RawClient.open(url, user('me'))
  t.equal((await fifth.get()).status, 404)
  t.strictSame(await streaming.call('echo', {}), {}, 'a session with an open stream stays')
  gate.open()
  t.equal(await call, 'done', 'and one with a running call')
  await stream.return()
})

t.test('evict: when all are in use, nobody is', async t => {
  const { url } = await start(t, { principal, limits: { maxPerOwner: 1, evict: 'idle' } })
  const client = await RawClient.open(url, user('me'))
  const stream = events(await client.get())
  await stream.next()
  await refused(t, await new RawClient(url, { ...bare, 'x-user': 'me' }).post(initializeRequest()), '10')
  await stream.return()
})

t.test('evict spares the sessions of others', async t => {
  const { url } = await start(t, { principal, limits: { maxSessions: 1, evict: 'idle' } })
  const client = await RawClient.open(url, user('me'))
  await refused(t, await new RawClient(url, { ...bare, 'x-user': 'you' }).post(initializeRequest()), '10')
  t.strictSame(await client.call('echo', {}), {})
})

t.test('no more live servers than live.max; when all are busy, clients are told when to come back', async t => {
  const [running, gate] = [latch(), latch()]
  let [live, most, waiting] = [0, 0, 0]
  const { url, app } = await start(t, {
    live: { max: 2 },
    createServer: (session, shared) => {
      most = Math.max(most, ++live)
      const wait = async (): Promise<string> => {
        if (++waiting === 2) running.open()
        await gate.opened
        return 'done'
      }
      const server = serving({ ...echo, wait })(session, shared) as any
      return { server, dispose: () => { live-- } }
    }
  })
  const clients = await Promise.all([1, 2].map(async () => await RawClient.open(url)))
  const dormant = await RawClient.open(url)
  await RawClient.open(url)
  const calls = []
  for (const client of clients) calls.push(client.call('wait'))
  await running.opened
  await Promise.all(clients.map(async client => await client.call('echo')))
  const before = await app.mcpSessions.count()
  const notices: unknown[] = []
  app.mcpSessions.on('limitReached', notice => { notices.push(notice) })
  await refused(t, await new RawClient(url, bare).post(initializeRequest()), '10')
  await refused(t, await dormant.post(toolCall(1, 'echo')), '10')
  t.strictSame(notices, Array.from({ length: 2 }, () => ({ limit: 'maxLive', owner: '', admitted: false })))
  t.equal(await app.mcpSessions.count(), before, 'a refused initialize leaves nothing')
  t.equal((await dormant.notify('notifications/initialized')).status, 202, 'what needs no server is served')
  gate.open()
  t.strictSame(await Promise.all(calls), ['done', 'done'])
  t.strictSame(await dormant.call('echo', { kept: true }), { kept: true })
  t.ok(most <= 3, `${most} at once, one of them on its way out`)
})

t.test('as many as there is room for start at the same time', async t => {
  const [gate, both] = [latch(), latch()]
  let starting = 0
  const { url } = await start(t, {
    live: { max: 2 },
    createServer: async (session, shared) => {
      if (++starting === 2) both.open()
      await gate.opened
      return await serving()(session, shared)
    }
  })
  const posts = [1, 2, 3].map(async () => await new RawClient(url, bare).post(initializeRequest()))
  await both.opened
  t.equal((await Promise.race(posts)).status, 503)
  gate.open()
  t.strictSame((await Promise.all(posts)).map(({ status }) => status).sort(), [200, 200, 503])
})

t.test('a session that would become too large is left as it was', async t => {
  const { url } = await start(t, {
    limits: { maxStateBytes: 2_000 },
    createServer: serving({
      keep: async ({ session, args }) => await session.update(() => args), data: ({ session }) => session.data
    })
  })
  const client = await RawClient.open(url)
  await client.call('keep', { small: 1 })
  await t.rejects(client.call('keep', { large: 'x'.repeat(2_000) }), /maxStateBytes/)
  t.strictSame(await client.call('data'), { small: 1 })
  const uri = `test://${'x'.repeat(2_000)}`
  const subscribed = await client.post({ jsonrpc: '2.0', id: 9, method: 'resources/subscribe', params: { uri } })
  t.notOk(subscribed.status >= 500)
})
