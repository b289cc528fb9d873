import { memory } from '@holdfast/memory'
import t from 'tap'
import { Value } from 'typebox/value'
import { ListAnswer } from '../dist/admin/schemas.js'
import { type Answer, ask, startAdmin, user } from './fixtures/admin.js'
import { events } from '@holdfast/clients/events'
import { k1, k2 } from './fixtures/keys.js'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import type { Started } from './fixtures/start.js'

type App = Started['app']

async function keysOf (app: App, query: string, pages: Answer[] = []): Promise<string[]> {
  const keys = []
  let cursor = ''
  do {
    const page = await ask(app, 'GET', `/mcp-sessions?${query}${cursor}`)
    if (page.status !== 200) throw new Error(JSON.stringify(page.body))
    pages.push(page)
    keys.push(...page.body.sessions.map(({ key }: { key: string }) => key))
    cursor = page.body.cursor === undefined ? '' : `&cursor=${page.body.cursor}`
  } while (cursor !== '')
  return keys
}

async function openNamed (url: URL, name: unknown, given: Record<string, string> = {}): Promise<RawClient> {
  const request = initializeRequest()
  request.params.clientInfo.name = name
  const headers = { accept: 'application/json, text/event-stream', ...given }
  const response = await new RawClient(url, headers).post(request)
  await response.text()
  return new RawClient(url, { ...headers, 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' })
}

t.test('a session is listed with what can be known of it, and without its id', async t => {
  const { app, url } = await startAdmin(t)
  const before = Date.now()
  const client = await RawClient.open(url, user('ada'))
  const stream = events(await client.get())
  await stream.next()
  const answer = await ask(app, 'GET', '/mcp-sessions')
  const [session] = answer.body.sessions
  t.match(session, {
    label: session.key.split('.')[1].slice(0, 8),
    principal: { subject: 'ada', tenantId: 'acme' },
    client: { name: 'raw', version: '1.0.0' },
    protocolVersion: '2025-11-25',
    version: 2,
    readable: true,
    live: true,
    streams: 1
  })
  t.ok(session.createdAt >= before && session.usedAt >= session.createdAt && session.expiresAt > session.usedAt)
  t.ok(Value.Check(ListAnswer, answer.body))
  t.notOk(JSON.stringify(answer).includes(client.id))
  t.notOk('cursor' in answer.body)
  await stream.return()
})

t.test('pages cover every session once, whatever their size', async t => {
  const { app, url } = await startAdmin(t)
  for (let n = 0; n < 7; n++) await RawClient.open(url, n % 2 === 0 ? user('ada') : {})
  const all = await keysOf(app, 'limit=500')
  t.equal(new Set(all).size, 7)
  for (const limit of [1, 2, 3, 7, 100]) t.strictSame((await keysOf(app, `limit=${limit}`)).sort(), all.toSorted())
})

t.test('one owner\'s sessions, by the digest or by the principal in full', async t => {
  const { app, url } = await startAdmin(t)
  for (const name of ['ada', 'bob', 'ada']) await RawClient.open(url, user(name))
  await RawClient.open(url)
  const { sessions } = (await ask(app, 'GET', '/mcp-sessions?subject=ada&tenantId=acme')).body
  t.strictSame(sessions.map(({ principal }: any) => principal.subject), ['ada', 'ada'])
  t.strictSame(await keysOf(app, `owner=${sessions[0].owner}&limit=1`), sessions.map(({ key }: any) => key))
  t.strictSame(await keysOf(app, 'subject=ada'), [], 'another tenant is another owner')
  t.strictSame(await keysOf(app, `owner=${'x'.repeat(43)}`), [])
})

t.test('sessions of one client, by its name', async t => {
  const { app, url } = await startAdmin(t)
  for (const name of ['desktop', 'ide', 'ide', 'a & b']) await openNamed(url, name)
  t.equal((await keysOf(app, 'client=ide')).length, 2)
  t.equal((await keysOf(app, 'client=a%20%26%20b')).length, 1)
  t.equal((await keysOf(app, 'client=Ide')).length, 0)
})

t.test('sessions that nobody has used for a while', async t => {
  let now = Date.now() - 3_600_000
  const { app, url } = await startAdmin(t, { backend: memory({ now: () => now }), ttl: { idle: '7d', absolute: '7d' } })
  const old = await RawClient.open(url)
  now += 3_600_000
  await RawClient.open(url)
  t.equal((await keysOf(app, 'idleFor=30m')).length, 1)
  t.strictSame(await keysOf(app, 'idleFor=2h'), [])
  await old.call('echo')
  t.strictSame(await keysOf(app, 'idleFor=30m'), [])
})

t.test('sessions that are live in the process that answers', async t => {
  const backend = memory()
  const [a, b] = [await startAdmin(t, { backend }), await startAdmin(t, { backend })]
  const clients = [await RawClient.open(a.url, user('ada')), await RawClient.open(a.url), await RawClient.open(a.url)]
  await clients[0]?.at(b.url).call('echo')
  const live = (await ask(b.app, 'GET', '/mcp-sessions?live=true')).body.sessions
  t.match(live, [{ principal: { subject: 'ada' }, live: true }])
  t.equal(live.length, 1)
  t.strictSame((await keysOf(a.app, 'live=true&limit=1')).length, 3)
  t.strictSame((await keysOf(a.app, 'live=true&limit=2')).length, 3)
  t.strictSame(await keysOf(a.app, 'live=true&subject=ada&tenantId=acme'), live.map(({ key }: any) => key))
  const all = (await ask(b.app, 'GET', '/mcp-sessions')).body.sessions
  t.equal(all.filter(({ live }: any) => live).length, 1)
  await backend.records.remove(live[0].key)
  t.strictSame(await keysOf(b.app, 'live=true'), [], 'one that has just ended')
})

t.test('a request looks at about a thousand sessions, and says where to go on', async t => {
  const { app, url } = await startAdmin(t)
  await openNamed(url, 'needle')
  for (let n = 0; n < 2_500; n++) await app.mcpSessions.create({ client: { name: 'hay' } })
  await openNamed(url, 'needle')
  const { records } = app.mcpSessions.vault.backend
  const { list } = records
  let looked = 0
  records.list = async query => {
    looked += query.limit
    return await list.call(records, query)
  }
  const pages: Answer[] = []
  t.equal((await keysOf(app, 'client=needle&limit=100', pages)).length, 2)
  t.ok(pages.length >= 3 && pages.length <= 5, `${pages.length} pages`)
  t.ok(looked <= 2_700, `${looked}`)
})

t.test('what cannot be opened is listed without its content', async t => {
  const backend = memory()
  const sealed = await startAdmin(t, { backend, keys: k1 })
  const client = await RawClient.open(sealed.url, user('ada'))
  const { app } = await startAdmin(t, { backend, keys: k2 })
  app.mcpSessions.on('unreadable', () => {})
  const { sessions: [session] } = (await ask(app, 'GET', '/mcp-sessions')).body
  t.match(session, { readable: false, principal: null, client: {}, protocolVersion: '' })
  t.match((await ask(app, 'GET', `/mcp-sessions/${session.key}`)).body, {
    readable: false, context: null, dataBytes: 0, capabilities: [], initialized: false
  })
  t.strictSame((await keysOf(app, 'client=raw')), [])
  t.equal((await ask(app, 'DELETE', `/mcp-sessions/${session.key}`)).status, 200, 'it can be ended all the same')
  t.equal((await client.get()).status, 404)
})

t.test('what a client says of itself is text of a bounded length', async t => {
  const { app, url } = await startAdmin(t)
  await openNamed(url, `<script>\u001b[31m\r\n\u2028${'x'.repeat(10_000)}`)
  await app.mcpSessions.create({ client: { name: { not: 'a text' }, version: 7 } })
  const { sessions } = (await ask(app, 'GET', '/mcp-sessions')).body
  t.strictSame(sessions.map(({ client }: any) => client.name?.length), [64, undefined])
  t.notMatch(sessions[0].client.name, /\p{Cc}|\p{Zl}/u)
  t.strictSame(sessions[1].client, {})
})

/** Queries that are refused, and what is wrong with them. */
const WRONG: Record<string, RegExp> = {
  'limit=0': /limit/,
  'limit=501': /limit/,
  'limit=x': /limit/,
  'limit=1&limit=2': /limit/,
  'live=false': /live/,
  'live=maybe': /live/,
  'idleFor=15': /idleFor/,
  'idleFor=0s': /idleFor/,
  'idleFor=999999999d': /idleFor/,
  'owner=short': /owner/,
  'owner=': /owner/,
  'client=': /client/,
  'subject=': /subject/,
  'issuer=idp': /subject/,
  'clientId=app': /subject/,
  'tenantId=acme': /subject/,
  'onwer=ada': /onwer: is not known/,
  '__proto__=x': /__proto__|known/,
  'constructor=x': /constructor|known/,
  [`subject=ada&owner=${'x'.repeat(43)}`]: /not both/,
  'cursor=': /cursor/,
  [`cursor=${'x'.repeat(1_025)}`]: /cursor/
}

t.test('a query that means nothing is refused with what is wrong', async t => {
  const { app } = await startAdmin(t)
  for (const [query, reason] of Object.entries(WRONG)) {
    const { status, body } = await ask(app, 'GET', `/mcp-sessions?${query}`)
    t.match({ status, ...body }, { status: 400, statusCode: 400, error: 'Bad Request', message: reason }, query)
  }
})

t.test('a cursor that is forged, stale or of another list shows nothing that it should not', async t => {
  const { app, url } = await startAdmin(t)
  app.mcpSessions.on('error', ({ error }) => { t.fail('a defect', { error }) })
  for (const name of ['ada', 'bob', 'bob', 'ada', 'ada', 'bob']) await RawClient.open(url, user(name))
  const page = async (query: string): Promise<any> => (await ask(app, 'GET', `/mcp-sessions?${query}`)).body
  const ada = await page('subject=ada&tenantId=acme&limit=1')
  const bob = await page('subject=bob&tenantId=acme&limit=1')
  const all = await page('limit=1')
  const owner = ada.sessions[0].owner
  const forge = (text: string): string => Buffer.from(text).toString('base64url')
  const of = (list: string, cursor: string): string =>
    forge(`${list}\n${Buffer.from(cursor, 'base64url').toString().split('\n')[1]}`)
  const foreign = [
    bob.cursor, all.cursor, `${ada.cursor}=`, `${ada.cursor}+`, 'AAAA', '..%2F..', '%00', '%F0%9F%92%A5', forge(''),
    forge('all:\n'), forge(`${owner}\n1`)
  ]
  for (const cursor of foreign) {
    t.equal((await ask(app, 'GET', `/mcp-sessions?subject=ada&tenantId=acme&cursor=${cursor}`)).status, 400, cursor)
  }
  const list = `all:${owner}`
  const forged = [
    of(list, bob.cursor), of(list, all.cursor), forge(`${list}\n`), forge(`${list}\n\n\n`), forge(`${list}\n9.9.9`),
    forge(`${list}\n${'9'.repeat(400)}`)
  ]
  for (const cursor of forged) {
    const { status, body } = await ask(app, 'GET', `/mcp-sessions?owner=${owner}&cursor=${cursor}`)
    t.equal(status, 200)
    t.ok(body.sessions.every((session: any) => session.owner === owner), 'never another owner\'s')
  }
  t.equal((await ask(app, 'GET', `/mcp-sessions?live=true&cursor=${all.cursor}`)).status, 400)
  t.equal((await ask(app, 'GET', `/mcp-sessions?live=true&cursor=${forge('live:\n~')}`)).status, 200)
  await app.mcpSessions.clear()
  t.strictSame(await page(`owner=${owner}&cursor=${ada.cursor}`), { sessions: [] }, 'a stale one finds nothing')
})

t.test('an outage is 503, and says nothing of the backend', async t => {
  const backend = memory()
  const { app } = await startAdmin(t, { backend })
  app.mcpSessions.on('backendDown', () => {})
  const down = async (): Promise<never> => { throw new Error('redis://me:hush@there refused') }
  Object.assign(backend.records, { list: down, read: down, count: down, removeOwner: down })
  Object.assign(backend, { ping: down })
  const key = `${'a'.repeat(12)}.${'b'.repeat(43)}`
  for (const path of ['', '/fleet', `/${key}`, '/export']) {
    const { status, headers, body } = await ask(app, 'GET', `/mcp-sessions${path}`)
    const name = 'Service Unavailable'
    const unavailable = { status: 503, retry: '1', body: { error: name, message: name } }
    t.match({ status, retry: headers['retry-after'], body }, unavailable, path)
  }
  t.equal((await ask(app, 'DELETE', `/mcp-sessions/${key}`)).status, 503)
  t.equal((await ask(app, 'POST', '/mcp-sessions/revoke', { payload: { owner: 'x'.repeat(43) } })).status, 503)
})

t.test('the clients of a subject share one owner, except where each client is an owner', async t => {
  const { app, url } = await startAdmin(t, {
    principal: ({ headers }) => ({
      subject: 'ada',
      clientId: String(headers['x-user']),
      ...(headers['x-apart'] !== undefined && { perClient: true })
    })
  })
  for (const name of ['one', 'two']) await RawClient.open(url, user(name))
  for (const name of ['one', 'two']) await RawClient.open(url, { headers: { 'x-user': name, 'x-apart': '1' } })
  t.equal((await keysOf(app, 'subject=ada')).length, 2)
  t.equal((await keysOf(app, 'subject=ada&clientId=other')).length, 2)
  t.equal((await keysOf(app, 'subject=ada&clientId=one&perClient=true')).length, 1)
  t.equal((await keysOf(app, 'subject=ada&clientId=other&perClient=true')).length, 0)
  t.equal((await ask(app, 'GET', '/mcp-sessions?perClient=true')).status, 400)
  const revoke = async (principal: object): Promise<unknown> =>
    (await ask(app, 'POST', '/mcp-sessions/revoke', { payload: { principal } })).body
  t.strictSame(await revoke({ subject: 'ada', clientId: 'two', perClient: true }), { terminated: 1 })
  t.strictSame(await revoke({ subject: 'ada' }), { terminated: 2 })
})
