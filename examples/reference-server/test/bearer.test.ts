import t from 'tap'
import { call as message, initialize, post } from '@holdfast/clients/by-hand'
import { connected } from '@holdfast/clients/connected'
import { listening } from './fixtures/listening.js'

const TOKENS = { HOLDFAST_DEMO_TOKENS: 'tenant-a:first-token,tenant-a:second-token,tenant-b:other-token' }

t.test('without a known token there is no session', async t => {
  const url = await listening(t, TOKENS)
  for (const [authorization, challenge] of [
    [undefined, 'Bearer realm="mcp"'],
    ['Basic dXNlcjpwYXNz', 'Bearer realm="mcp"'],
    ['Bearer ', 'Bearer realm="mcp"'],
    ['Bearer first-toke', 'Bearer realm="mcp", error="invalid_token"'],
    ['Bearer first-token-and-more', 'Bearer realm="mcp", error="invalid_token"'],
    ['Bearer tenant-a', 'Bearer realm="mcp", error="invalid_token"']
  ]) {
    const response = await post(url, initialize(), authorization === undefined ? {} : { authorization })
    t.equal(response.status, 401)
    t.equal(response.headers.get('www-authenticate'), challenge)
    t.equal(response.headers.get('mcp-session-id'), null)
    t.match(await response.json(), { jsonrpc: '2.0', id: null, error: { code: -32001 } })
  }
})

t.test('a session belongs to its tenant, whichever of the tenant\'s tokens is used', async t => {
  const url = await listening(t, TOKENS)
  const { call, transport } = await connected(t, url, { token: 'first-token' })
  t.match(await call('whoami'), { principal: { subject: 'tenant-a' } })
  await call('counter', { by: 2 })

  const session = { 'mcp-session-id': transport.sessionId ?? '' }
  const response = await post(url, message('counter'), { ...session, authorization: 'Bearer second-token' })
  t.equal(response.status, 200)
  t.match(await call('counter', { by: 0 }), { total: 3 })
})

t.test('another tenant gets the same 404 as for an id that never was, whatever it tries', async t => {
  const url = await listening(t, TOKENS)
  const { call, transport } = await connected(t, url, { token: 'first-token' })
  await call('counter', { by: 2 })
  const foreign = { authorization: 'Bearer other-token', 'mcp-session-id': transport.sessionId ?? '' }
  const unknown = { ...foreign, 'mcp-session-id': 'A'.repeat(43) }
  const stream = { accept: 'text/event-stream' }
  for (const attempt of [
    async (headers: Record<string, string>) => await post(url, message('counter'), headers),
    async (headers: Record<string, string>) => await fetch(url, { headers: { ...headers, ...stream } }),
    async (headers: Record<string, string>) => await fetch(url, { method: 'DELETE', headers })
  ]) {
    const [mine, nobodys] = await Promise.all([attempt(foreign), attempt(unknown)])
    t.equal(mine.status, 404)
    t.equal(nobodys.status, 404)
    t.equal(await mine.text(), await nobodys.text())
  }
  t.match(await call('counter', { by: 0 }), { total: 2 })
})
