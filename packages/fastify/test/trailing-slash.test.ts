import Fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const headers = { accept: 'application/json, text/event-stream' }

async function redirect (
  t: Test, options: Partial<HoldfastOptions> & { prefix?: string }, url: string, fastify: FastifyServerOptions = {}
): Promise<[number, unknown]> {
  const app = Fastify(fastify)
  t.teardown(async () => { await app.close() })
  app.get('/other/', async () => 'theirs')
  await app.register(holdfast, { createServer: serving(), ...options })
  const response = await app.inject({ method: 'POST', url, headers, payload: initializeRequest() })
  return [response.statusCode, response.headers.location]
}

t.test('a client that adds a slash to the path is led to it', async t => {
  const { url, app } = await start(t)
  const client = await RawClient.open(new URL('/mcp/', url))
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
  t.equal((await client.get()).status, 200)
  t.equal((await client.delete()).status, 200)
  t.equal((await client.get()).status, 404)
  const foreign = { ...headers, origin: 'https://evil.test' }
  const refused = await app.inject({ method: 'POST', url: '/mcp/', headers: foreign })
  t.equal(refused.statusCode, 403, 'the checks of the endpoint come first')
  const unread = { method: 'POST', url: '/mcp/', headers: { 'content-type': 'text/plain' }, payload: '{' } as const
  t.equal((await app.inject(unread)).statusCode, 308, 'the body is not looked at')
})

t.test('the redirect is relative, for the sake of proxies, and keeps the query', async t => {
  t.strictSame(await redirect(t, {}, '/mcp/'), [308, '../mcp'])
  t.strictSame(await redirect(t, {}, '/mcp/?a=/b/'), [308, '../mcp?a=/b/'])
  t.strictSame(await redirect(t, { prefix: '/api' }, '/api/mcp/'), [308, '../mcp'])
  t.strictSame(await redirect(t, { path: '/mcp/' }, '/mcp?a'), [308, './mcp/?a'])
  t.strictSame(await redirect(t, { path: '/t/:tenant' }, '/t/a:b/'), [308, '../a:b'])
  t.strictSame(await redirect(t, {}, '//mcp//', { routerOptions: { ignoreDuplicateSlashes: true } }), [308, '../mcp'])
})

t.test('the other path stays as it is where it is routed already', async t => {
  t.strictSame(await redirect(t, {}, '/mcp/', { routerOptions: { ignoreTrailingSlash: true } }), [200, undefined])
  t.strictSame(await redirect(t, { path: '/other' }, '/other/'), [308, '../other'], 'of other methods')
  t.strictSame(await redirect(t, { path: '/', prefix: '/api' }, '/api/'), [200, undefined])
  t.strictSame(await redirect(t, { path: '/', prefix: '/api' }, '/api'), [200, undefined])
  const { app } = await start(t, { path: '/other' }, { before: app => { app.get('/other/', async () => 'theirs') } })
  t.equal((await app.inject('/other/')).body, 'theirs')
})
