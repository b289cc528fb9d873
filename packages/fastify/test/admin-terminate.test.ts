import { memory } from '@holdfast/memory'
import t from 'tap'
import { ask, startAdmin, user } from './fixtures/admin.js'
import { events } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient } from './fixtures/raw-client.js'
import { echo, serving } from './fixtures/tools.js'

t.test('a session that is ended is gone for its client and its streams, and stays gone', async t => {
  const { app, url } = await startAdmin(t)
  const [client, other] = [await RawClient.open(url, user('ada')), await RawClient.open(url, user('ada'))]
  const stream = events(await client.get())
  await stream.next()
  const { sessions: [{ key }] } = (await ask(app, 'GET', '/mcp-sessions')).body
  t.strictSame((await ask(app, 'DELETE', `/mcp-sessions/${key}`)).body, { terminated: 1 })
  t.equal((await stream.next()).done, true)
  t.equal((await client.start('echo')).status, 404)
  t.equal((await ask(app, 'DELETE', `/mcp-sessions/${key}`)).status, 404)
  t.equal((await ask(app, 'GET', `/mcp-sessions/${key}`)).status, 404)
  t.strictSame(await other.call('echo', {}), {})
})

t.test('a session that ends between being found and being ended was not ended here', async t => {
  const { app, url } = await startAdmin(t)
  await RawClient.open(url)
  const { records } = app.mcpSessions.vault.backend
  const { sessions: [{ key }] } = (await ask(app, 'GET', '/mcp-sessions')).body
  records.remove = async () => undefined
  t.equal((await ask(app, 'DELETE', `/mcp-sessions/${key}`)).status, 404)
})

t.test('all sessions of an owner end within a second on every replica, in the middle of calls too', async t => {
  const backend = memory()
  const running = latch()
  const createServer = serving({
    ...echo,
    wait: async ({ extra }) => {
      running.open()
      await new Promise(resolve => extra.signal.addEventListener('abort', resolve))
    }
  })
  const options = { backend, createServer }
  const replicas = [await startAdmin(t, options), await startAdmin(t, options)] as const
  const [a, b] = replicas
  const mine = [await RawClient.open(a.url, user('ada')), await RawClient.open(b.url, user('ada'))] as const
  const theirs = await RawClient.open(b.url, user('bob'))
  const nobodys = await RawClient.open(b.url)
  const stream = events(await mine[1].get())
  await stream.next()
  const call = mine[1].start('wait')
  await running.opened
  const reasons: string[] = []
  a.app.mcpSessions.on('terminated', ({ reason }) => { reasons.push(reason) })
  const began = performance.now()
  const principal = { subject: 'ada', tenantId: 'acme' }
  const answer = await ask(a.app, 'POST', '/mcp-sessions/revoke', { payload: { principal } })
  t.strictSame(answer.body, { terminated: 2 })
  t.equal((await stream.next()).done, true)
  t.equal((await call).status, 404)
  t.ok(performance.now() - began < 10_000, 'ten times what is promised: the machine may be busy')
  t.strictSame(reasons, ['terminated', 'terminated'])
  for (const client of mine) for (const { url } of replicas) t.equal((await client.at(url).start('echo')).status, 404)
  for (const client of [theirs, nobodys]) t.strictSame(await client.call('echo', {}), {})
  t.equal((await ask(b.app, 'GET', '/mcp-sessions?live=true')).body.sessions.length, 2)
})

t.test('an owner may be named by the digest that is listed', async t => {
  const { app, url } = await startAdmin(t)
  await RawClient.open(url, user('ada'))
  const { sessions: [{ owner }] } = (await ask(app, 'GET', '/mcp-sessions')).body
  t.strictSame((await ask(app, 'POST', '/mcp-sessions/revoke', { payload: { owner } })).body, { terminated: 1 })
  t.strictSame((await ask(app, 'POST', '/mcp-sessions/revoke', { payload: { owner } })).body, { terminated: 0 })
})

const owner = 'x'.repeat(43)
/** Bodies that name nobody, or everybody. */
const WRONG: Array<[payload: unknown, status?: number, type?: string]> = [
  [undefined], ['null'], ['{}'], ['[]'], ['""'], ['{', 400], ['{"__proto__":{}}', 400],
  [{ owner: '' }], [{ owner: null }], [{ owner: [owner] }], [{ owner: 'x' }], [{ principal: null }],
  [{ principal: {} }], [{ principal: { subject: '' } }], [{ principal: { subject: 7 } }],
  [{ principal: { subject: 'ada', role: 'x' } }], [{ owner, principal: { subject: 'ada' } }], [{ owner, all: true }],
  [{ owner, pad: 'x'.repeat(20_000) }, 413], [`owner=${owner}`, 415, 'application/x-www-form-urlencoded'],
  [`{"owner":"${owner}"}`, 415, 'text/plain']
]

t.test('nobody is revoked by a body that says something else', async t => {
  const { app, url } = await startAdmin(t)
  const clients = [await RawClient.open(url), await RawClient.open(url, user('ada'))]
  for (const [payload, status = 400, type = 'application/json'] of WRONG) {
    const answer = await ask(app, 'POST', '/mcp-sessions/revoke', {
      headers: { authorization: 'Bearer admin', 'content-type': type },
      ...(payload !== undefined && { payload: payload as string })
    })
    t.equal(answer.status, status, JSON.stringify(payload)?.slice(0, 80))
    t.match(answer.body, { statusCode: status, error: String, message: String })
  }
  for (const client of clients) t.strictSame(await client.call('echo', {}), {})
})
