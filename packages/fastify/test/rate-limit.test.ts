import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import rateLimit from '@fastify/rate-limit'
import { ownerDigest } from '@holdfast/core'
import Fastify from 'fastify'
import t from 'tap'
import holdfast from '../dist/index.js'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { serving } from './fixtures/tools.js'

t.test('the recipe for a rate of initialize: by owner, and of nothing else', async t => {
  const guide = await readFile(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
  const [, recipe = ''] = /^```js\n(.*?)^```$/ms.exec(guide) ?? []
  const code = recipe.replace(/^import .*$/gm, '').replace('max: 30', 'max: 3')
  const head = 'export async function register (app, rateLimit, ownerDigest, holdfast, createServer)'
  const directory = t.testdir({ 'register.mjs': `${head} {\n${code}}\n` })
  const { register } = await import(pathToFileURL(join(directory, 'register.mjs')).href)
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(async () => { await app.close() })
  app.decorateRequest('user')
  app.addHook('onRequest', async request => {
    const { 'x-user': sub } = request.headers
    if (sub !== undefined) Object.assign(request, { user: { sub } })
  })
  await register(app, rateLimit, ownerDigest, holdfast, serving())
  const notices: unknown[] = []
  app.mcpSessions.on('limitReached', notice => { notices.push(notice) })
  const url = new URL('/mcp', await app.listen({ host: '127.0.0.1', port: 0 }))
  const ada = { headers: { 'x-user': 'ada' } }
  const clients = [await RawClient.open(url, ada), await RawClient.open(url, ada), await RawClient.open(url, ada)]
  const accept = 'application/json, text/event-stream'
  const refused = await new RawClient(url, { accept, ...ada.headers }).post(initializeRequest())
  t.equal(refused.status, 429)
  t.match(refused.headers.get('retry-after'), /^\d+$/)
  t.match(await refused.json(), { jsonrpc: '2.0', id: 'init', error: { message: /Rate limit/ } })
  t.strictSame(notices, [{ limit: 'initializeRate', owner: ownerDigest('mcp', { subject: 'ada' }), admitted: false }])
  t.equal(await app.mcpSessions.count(), 3, 'nothing was begun')
  for (const client of clients) for (let n = 0; n < 5; n++) t.strictSame(await client.call('echo', {}), {})
  t.ok(await RawClient.open(url, { headers: { 'x-user': 'bob' } }), 'others have a count of their own')
})
