import t, { type Test } from 'tap'
import type { HoldfastOptions, Principal } from '../dist/index.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const bare = { accept: 'application/json, text/event-stream' }

/** The principal is whatever JSON the request claims. */
const claimed: NonNullable<HoldfastOptions['principal']> = async ({ headers }) =>
  JSON.parse(String(headers['x-principal'] ?? 'null'))
const as = (principal: unknown): Record<string, string> => ({ 'x-principal': JSON.stringify(principal) })

const whoami = serving({
  ...echo, whoami: ({ session, extra }) => ({ principal: session.principal, authInfo: extra.authInfo ?? null })
})

async function claiming (t: Test, options: Partial<HoldfastOptions> = {}): Promise<Started> {
  return await start(t, { principal: claimed, createServer: whoami, ...options })
}

t.test('a request without a principal in full is turned away', async t => {
  const { url, app } = await claiming(t)
  const client = await RawClient.open(url, { headers: as({ subject: 'me' }) })
  const incomplete: unknown[] = [
    null, false, '', 'me', 7, [], {}, ['me'], { subject: '' }, { subject: null }, { subject: 7 },
    { subject: ['me'] }, { sub: 'me' },
    { subject: 'me', tenantId: null }, { subject: 'me', issuer: 7 }, { subject: 'me', clientId: {} }
  ]
  for (const principal of incomplete) {
    for (const from of [client, new RawClient(url, bare)]) {
      const response = await from.post(initializeRequest(), as(principal))
      t.equal(response.status, 401, JSON.stringify(principal))
      t.equal(response.headers.get('www-authenticate'), 'Bearer')
      t.match(await response.json(), { jsonrpc: '2.0', id: 'init', error: { code: -32000, message: 'Unauthorized' } })
    }
    t.equal((await client.get(as(principal))).status, 401)
    t.equal((await client.at(url, as(principal)).delete()).status, 401)
  }
  t.equal(await app.mcpSessions.count(), 1)
  t.match(await client.call('whoami'), { principal: { subject: 'me' } })
})

t.test('anonymous clients have sessions of their own where they are let in', async t => {
  const { url } = await claiming(t, { anonymous: true })
  const nobody = await RawClient.open(url)
  const someone = await RawClient.open(url, { headers: as({ subject: 'me' }) })
  t.match(await nobody.call('whoami'), { principal: null })
  t.equal((await nobody.post(toolCall(1, 'echo'), as({ subject: 'me' }))).status, 404)
  t.equal((await someone.at(url, as(null)).get()).status, 404)
  t.equal((await nobody.post(toolCall(1, 'echo'), as({ subject: '' }))).status, 401, 'half a principal is not nobody')
})

t.test('every part of an owner separates, live and dormant alike', async t => {
  const mine: Principal = { issuer: 'https://idp', subject: 'me', clientId: 'app', tenantId: 'a' }
  const others: Principal[] = [
    { ...mine, issuer: 'https://other' }, { ...mine, subject: 'you' }, { ...mine, perClient: true },
    { ...mine, tenantId: 'b' }, { subject: 'me' }, { subject: 'me', issuer: 'https://idp' },
    { ...mine, tenantId: '' }, { issuer: '', subject: 'me', clientId: 'app', tenantId: 'a' },
    { ...mine, subject: 'Me' }, { ...mine, subject: 'me ' }
  ]
  const { url, app } = await claiming(t, { live: { max: 1 } })
  const mismatches: unknown[] = []
  app.mcpSessions.on('ownerMismatch', notice => { mismatches.push(notice) })
  const client = await RawClient.open(url, { headers: as(mine) })
  for (const live of [true, false]) {
    if (!live) await RawClient.open(url, { headers: as({ subject: 'crowd' }) })
    for (const other of others) {
      const foreign = client.at(url, as(other))
      t.equal((await foreign.post(toolCall(1, 'echo'))).status, 404, JSON.stringify(other))
      t.equal((await foreign.get()).status, 404)
      t.equal((await foreign.delete()).status, 404)
    }
    t.match(await client.call('whoami'), { principal: mine })
    const another = client.at(url, as({ ...mine, clientId: 'another' }))
    t.match(await another.call('whoami'), { principal: mine }, 'another client of the same owner')
  }
  await app.close() // which tells what was to be told later
  t.equal(mismatches.length, 30, 'a live one is told apart and reported')
  t.match(mismatches[0], { label: /^[\w-]{8}$/, by: /^[\w-]{43}$/ })
})

t.test('a refreshed token keeps the session', async t => {
  const tokens: Record<string, string> = { 'Bearer one': 'me', 'Bearer two': 'me', 'Bearer three': 'you' }
  const { url } = await start(t, {
    createServer: whoami,
    principal: ({ headers }) => {
      const subject = tokens[String(headers.authorization)]
      return subject === undefined ? null : { subject }
    },
    authInfo: ({ headers }) => ({ token: String(headers.authorization), clientId: 'app', scopes: ['a'] })
  })
  const client = await RawClient.open(url, { headers: { authorization: 'Bearer one' } })
  const me = { subject: 'me' }
  t.match(await client.call('whoami'), { principal: me, authInfo: { token: 'Bearer one', scopes: ['a'] } })
  const two = client.at(url, { authorization: 'Bearer two' })
  t.match(await two.call('whoami'), { principal: me, authInfo: { token: 'Bearer two' } })
  t.equal((await client.at(url, { authorization: 'Bearer three' }).get()).status, 404)
  t.equal((await client.at(url, { authorization: 'Bearer four' }).get()).status, 401)
})

t.test('an error of the application\'s own keeps its status', async t => {
  const { url } = await start(t, {
    principal: ({ headers: { 'x-status': status } }) => {
      throw Object.assign(new Error('expired'), status === undefined ? {} : { statusCode: Number(status) })
    }
  })
  const client = new RawClient(url, bare)
  const answers = [
    [401, 'expired'], [403, 'expired'], [429, 'expired'], [500, 'Internal error'], [503, 'Service Unavailable']
  ] as const
  for (const [status, message] of answers) {
    const response = await client.post(initializeRequest(), { 'x-status': String(status) })
    t.equal(response.status, status)
    t.match(await response.json(), { jsonrpc: '2.0', id: 'init', error: { message } })
  }
  t.equal((await client.post(initializeRequest())).status, 500)
})
