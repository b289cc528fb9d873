import t from 'tap'
import { type ModernRequest, modernRequest } from '@holdfast/clients/modern'
import { memory } from '@holdfast/memory'
import { ask } from './fixtures/admin.js'
import { connect } from './fixtures/connect.js'
import { connectV2, modern, modernCall } from './fixtures/modern.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const admin = { authorize: () => true }

t.test('clients by name, era and revision, of every replica', async t => {
  const backend = memory()
  const one = await start(t, { backend, admin, modern: 'auto' })
  const other = await start(t, { backend, admin })
  await connect(t, one.url)
  await (await RawClient.open(other.url, { version: '2025-06-18' })).call('echo')
  await modernCall(one.url, 'echo')
  await connectV2(t, one.url, 'auto', 'v2')
  await modern(other.url, modernRequest('tools/list'))
  const { status, body } = await ask(other.app, 'GET', '/mcp-sessions/era')
  t.equal(status, 200)
  t.match(body, { since: Number, replicas: [String, String], silent: [] })
  t.ok(body.since <= Date.now())
  const found = body.clients.map(({ era, version, name, refused }: any) => [era, version, name, refused])
  t.match(found.sort(), [
    ['modern', '2026-07-28', 'by-hand', 1],
    ['modern', '2026-07-28', 'v2', 0],
    ['sessions', '2025-06-18', 'raw', 0],
    ['sessions', '2025-11-25', 'client-v1', 0]
  ])
  t.match(body.clients.find(({ name }: any) => name === 'by-hand'), { requests: 2, refused: 1 })
  t.notMatch((await ask(other.app, 'GET', '/mcp-sessions/fleet')).body, { replicas: [{ counts: Object }] })
})

t.test('a client makes at most a thousand names', async t => {
  const { app, url } = await start(t, { admin, modern: 'auto' })
  const named = (client: string): ModernRequest => modernRequest('made/up', {}, { client })
  for (let from = 0; from < 1_010; from += 101) {
    await Promise.all(Array.from({ length: 101 }, async (_, n) => await modern(url, named(`name ${from + n}`))))
  }
  await modern(url, named(`${'x'.repeat(64)} ${'y'.repeat(10_000)}`))
  const { body: { clients } } = await ask(app, 'GET', '/mcp-sessions/era')
  t.equal(clients.length, 1_001)
  t.match(clients[0], { name: '', requests: 11 })
})

t.test('it needs the permission to list', async t => {
  const { app } = await start(t, { admin: { authorize: (_, action) => action !== 'list' } })
  t.equal((await ask(app, 'GET', '/mcp-sessions/era')).status, 403)
})
