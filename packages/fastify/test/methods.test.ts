import t from 'tap'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

t.test('methods that MCP does not use are not allowed, whatever they carry', async t => {
  const { app, url } = await start(t)
  for (const method of ['HEAD', 'PUT', 'PATCH', 'OPTIONS'] as const) {
    for (const payload of [undefined, '{', 'x'.repeat(5_000_000)]) {
      const text = payload !== undefined && { payload, headers: { 'content-type': 'text/plain' } }
      const response = await app.inject({ method, url: '/mcp', ...text })
      t.equal(response.statusCode, 405)
      t.equal(response.headers.allow, 'GET, POST, DELETE')
      if (method !== 'HEAD') t.match(response.json(), { jsonrpc: '2.0', id: null, error: { code: -32000 } })
    }
  }
  const client = await RawClient.open(url)
  t.equal((await app.inject('/mcp')).statusCode, 406, 'no Accept at all')
  t.equal((await client.get({ accept: 'application/json' })).status, 406)
  t.equal((await client.get({ accept: '' })).status, 406)
  t.strictSame(await client.call('echo', {}), {})
})

t.test('the endpoint is where it is told to be, and its parser is its own', async t => {
  const { app, url } = await start(t, { path: '/api/mcp' }, {
    before: app => {
      app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_, body, done) => { done(null, body) })
      app.post('/text', async ({ body }) => ({ body }))
      app.get('/fails', async () => { throw new Error('of the application') })
    }
  })
  const headers = { 'content-type': 'text/plain' }
  const echoed = await app.inject({ method: 'POST', url: '/text', payload: 'hello', headers })
  t.strictSame(echoed.json(), { body: 'hello' })
  t.match((await app.inject('/fails')).json(), { statusCode: 500, message: 'of the application' }, 'error bodies too')
  t.equal((await app.inject({ method: 'POST', url: '/mcp' })).statusCode, 404)
  t.ok(await RawClient.open(new URL('/api/mcp', url)))
})
