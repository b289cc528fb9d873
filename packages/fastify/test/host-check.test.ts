import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { Log } from './fixtures/log.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const accept = { accept: 'application/json, text/event-stream' }
const json = { ...accept, 'content-type': 'application/json' }

async function ask (app: FastifyInstance, headers: Record<string, string>): Promise<number> {
  const response = await app.inject({
    method: 'POST', url: '/mcp', headers: { ...json, ...headers }, payload: initializeRequest()
  })
  if (response.statusCode === 403) {
    t.match(response.json(), { jsonrpc: '2.0', id: null, error: { code: -32000, message: /Host|Origin/ } })
  }
  return response.statusCode
}

async function table (
  t: Test, app: FastifyInstance, name: 'host' | 'origin', rows: Record<string, boolean>,
  others: Record<string, string> = {}
): Promise<void> {
  for (const [value, allowed] of Object.entries(rows)) {
    t.equal(await ask(app, { ...others, [name]: value }), allowed ? 200 : 403, `${name}: ${value}`)
  }
}

t.test('an app on loopback answers to loopback names only', async t => {
  const { app } = await start(t)
  await table(t, app, 'host', {
    localhost: true,
    'localhost:3000': true,
    'LOCALHOST:3000': true,
    '127.0.0.1': true,
    '127.0.0.1:8080': true,
    '127.1.2.3': true,
    '[::1]': true,
    '[::1]:3000': true,
    '[::ffff:127.0.0.1]:3000': false,
    '::1': false,
    'example.com': false,
    'localhost.example.com': false,
    'localhost.': false,
    xlocalhost: false,
    '127.0.0.1.example.com': false,
    '127.0.0.1.nip.io:3000': false,
    'example.com:localhost': false,
    'localhost@example.com': false,
    'localhost:80:80': false,
    'localhost/': false,
    '[::2]': false,
    '10.0.0.1': false,
    '0.0.0.0': false
  })
  await table(t, app, 'origin', {
    'http://localhost': true,
    'http://localhost:5173': true,
    'https://localhost:5173': true,
    'HTTP://LOCALHOST': true,
    'http://127.0.0.1:5173': true,
    'http://[::1]:5173': true,
    'http://example.com': false,
    'http://localhost.example.com': false,
    'http://localhost@example.com': false,
    'http://localhost:80@example.com': false,
    'http://example.com#localhost': false,
    'http://example.com/localhost': false,
    'http://example.com?http://localhost': false,
    null: false,
    '*': false,
    localhost: false,
    'file://': false,
    'data:text/html,localhost': false,
    'http://127.0.0.1.example.com': false
  })
})

t.test('a request of the server\'s own origin is let in wherever it listens', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-'))
  t.teardown(async () => { await rm(directory, { recursive: true }) })
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: serving() })
  await app.listen({ path: join(directory, 'socket') })
  await table(t, app, 'host', {
    'example.com': true,
    'example.com:8443': true,
    'EXAMPLE.com': true,
    '10.0.0.1:80': true,
    '[2001:db8::1]:80': true,
    'user@example.com': false,
    'exa mple.com': false,
    'example.com/path': false,
    '[::1': false
  })
  await table(t, app, 'origin', {
    'https://example.com': true,
    'http://example.com': true,
    'http://EXAMPLE.com': true,
    'http://example.com:8080': false,
    'http://localhost': false,
    'http://127.0.0.1': false,
    'http://sub.example.com': false,
    'http://example.com.evil.test': false,
    'http://example.com@evil.test': false,
    null: false
  }, { host: 'Example.com' })
})

t.test('what is allowed can be said', async t => {
  const options: Partial<HoldfastOptions> = {
    allowedHosts: ['Example.com', '[::1]'], allowedOrigins: ['https://app.example.com', 'null']
  }
  const { app } = await start(t, options)
  await table(t, app, 'host', {
    'example.com:1234': true,
    'EXAMPLE.COM': true,
    '[::1]:3': true,
    localhost: false,
    '127.0.0.1': false,
    'a.example.com': false
  })
  await table(t, app, 'origin', {
    'https://app.example.com': true,
    null: true,
    'http://app.example.com': false,
    'https://app.example.com:444': false,
    'https://app.example.com.evil.test': false,
    'https://example.com': false,
    'http://localhost': false
  }, { host: 'example.com' })
  const { app: open } = await start(t, { allowedOrigins: ['*'] })
  await table(t, open, 'origin', { 'https://anywhere.test': true, null: true, nonsense: true })
  const { app: closed } = await start(t, { allowedOrigins: [] })
  await table(t, closed, 'origin', { 'http://localhost': false })
  t.equal(await ask(closed, {}), 200, 'a client that is no browser sends no Origin')
})

t.test('a refused request is not parsed, authenticated or resolved', async t => {
  const { app } = await start(t, { principal: () => { throw new Error('never asked') } })
  for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS'] as const) {
    const headers = { origin: 'https://evil.test', 'content-type': 'application/json' }
    const response = await app.inject({ method, url: '/mcp', headers, payload: '{' })
    t.equal(response.statusCode, 403)
  }
})

t.test('headers that hooks of the application set reach JSON, streams and errors', async t => {
  const { url } = await start(t, { createServer: serving() }, {
    before: app => {
      app.addHook('onRequest', async (request, reply) => {
        reply.header('access-control-allow-origin', request.headers.origin ?? '*')
        if (request.method === 'OPTIONS') await reply.code(204).send()
      })
    }
  })
  const client = await RawClient.open(url, { headers: { origin: url.origin } })
  const responses = [
    await client.post(toolCall(1, 'echo')),
    await client.get(),
    await client.post('{'),
    await client.at(url, { 'mcp-session-id': 'unknown' }).get(),
    await fetch(url, { method: 'PUT' })
  ]
  t.strictSame(responses.map(({ status }) => status), [200, 200, 400, 404, 405])
  for (const { headers } of responses) t.ok(headers.get('access-control-allow-origin'))
  t.match(responses[1]?.headers.get('content-type'), 'text/event-stream')
  await responses[1]?.body?.cancel()
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: url.origin } })
  t.equal(preflight.status, 204, 'and may answer a preflight')
})

t.test('behind trustProxy, what the proxy says of the request counts', async t => {
  const { app } = await start(t, {}, { fastify: { trustProxy: true } })
  const forwarded = { host: '127.0.0.1:3000', 'x-forwarded-host': 'Public.example.com', 'x-forwarded-proto': 'https' }
  t.equal(await ask(app, forwarded), 200)
  await table(t, app, 'origin', {
    'https://public.example.com': true,
    'https://public.example.com:443': true,
    'http://public.example.com': false,
    'https://public.example.com:444': false,
    'https://other.example.com': false
  }, forwarded)
  const rebound = 'a page that has rebound its name can add a header, but not change Host'
  t.equal(await ask(app, { ...forwarded, host: 'public.example.com' }), 403, rebound)
  t.equal(await ask(app, { ...forwarded, 'x-forwarded-host': 'a b' }), 403)
  const { app: named } = await start(t, { allowedHosts: ['public.example.com'] }, { fastify: { trustProxy: true } })
  await table(t, named, 'host', {
    '127.0.0.1:3000': true, 'public.example.com': true, 'backend:8080': false, 'evil.test': false
  }, forwarded)
  t.equal(await ask(named, { host: 'public.example.com', 'x-forwarded-host': 'evil.test' }), 403)
})

t.test('without trustProxy, forwarded headers mean nothing', async t => {
  const { app } = await start(t, { allowedHosts: ['public.example.com'] })
  t.equal(await ask(app, { host: 'evil.test', 'x-forwarded-host': 'public.example.com' }), 403)
  const { app: local } = await start(t)
  t.equal(await ask(local, { host: 'localhost', 'x-forwarded-host': 'evil.test', origin: 'https://evil.test' }), 403)
  t.equal(await ask(local, { host: 'evil.test', 'x-forwarded-host': 'localhost' }), 403)
})

t.test('a port that goes without saying is none', async t => {
  const { app } = await start(t, { allowedHosts: ['example.com'] })
  await table(t, app, 'origin', {
    'https://example.com': true, 'http://example.com': false, 'http://example.com:443': true
  }, { host: 'example.com:443' })
  await table(t, app, 'origin', {
    'http://example.com': true, 'https://example.com': false
  }, { host: 'example.com:80' })
})

t.test('an app that never listens is not on loopback', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: serving() })
  await table(t, app, 'host', { 'api.example.com': true, 'localhost:80': true, 'a b': false })
  t.equal(await ask(app, { host: 'api.example.com', origin: 'https://api.example.com' }), 200)
  t.equal(await ask(app, { host: 'api.example.com', origin: 'http://localhost' }), 403)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal(await ask(app, { host: 'api.example.com' }), 403, 'until it does')
})

t.test('the log names the option that would let an Origin in, once for each and not without end', async t => {
  const log = new Log()
  const { app } = await start(t, {}, { fastify: { logger: log.logger } })
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 120; index++) await ask(app, { origin: `https://${index}.example.com` })
  }
  const lines = log.saying('holdfast: a web page was refused')
  t.equal(lines.length, 100)
  t.match(lines[7], { level: 40, origin: 'https://7.example.com', msg: /allowedOrigins/ })
})

t.test('the log names the option that would let a Host in, once for each and not without end', async t => {
  const log = new Log()
  const { app } = await start(t, { allowedHosts: ['example.com'] }, { fastify: { logger: log.logger } })
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 120; index++) await ask(app, { host: `${index}.example.com:3000` })
  }
  t.equal(await ask(app, { host: 'a b' }), 403)
  const lines = log.saying('holdfast: a request was refused')
  t.equal(lines.length, 100)
  t.match(lines[7], { level: 40, host: '7.example.com:3000', msg: /allowedHosts/ })
})

t.test('on loopback the log names a Host, too, and it is the one that the client sent', async t => {
  const log = new Log()
  const { app } = await start(t, {}, { fastify: { logger: log.logger, trustProxy: true } })
  t.equal(await ask(app, { host: 'public.example.com', 'x-forwarded-host': 'localhost' }), 403)
  t.match(log.saying('holdfast: a request was refused'), [{ host: 'public.example.com' }])
})

t.test('a refused value is short and on one line in the log, however long and odd it is', async t => {
  const log = new Log()
  const { app } = await start(t, {}, { fastify: { logger: log.logger } })
  for (const end of ['a', 'b']) await ask(app, { origin: `https://\u001b[31m\u2028${'x'.repeat(10_000)}${end}` })
  const [line, ...others] = log.saying('holdfast: a web page was refused')
  t.equal(line.origin, `https://\ufffd[31m\ufffd${'x'.repeat(286)}`)
  t.strictSame(others, [], 'what looks the same in the log is in it once')
})

t.test('MCP replies are kept by no cache, whatever they are', async t => {
  const { url, app } = await start(t, {
    principal: ({ headers }) => headers.authorization === undefined ? undefined : { subject: 'me' }
  }, {
    before: app => {
      app.addHook('onRequest', async (_, reply) => { reply.header('cache-control', 'public, max-age=60') })
    }
  })
  const client = await RawClient.open(url, { headers: { authorization: 'x' } })
  const kept = (response: Response): void => {
    t.match(response.headers.get('cache-control'), /^no-store/, String(response.status))
  }
  for (const response of [
    await client.post(toolCall(1, 'echo')),
    await client.notify('notifications/initialized'),
    await client.post('{'),
    await client.post(toolCall(1, 'echo'), { authorization: '' })
      .then(async () => await fetch(url, { method: 'DELETE' })),
    await client.post(toolCall(1, 'echo'), { origin: 'https://evil.test' }),
    await client.post(toolCall(1, 'echo'), { accept: 'text/html' }),
    await client.post(toolCall(1, 'echo'), { 'content-type': 'text/plain' }),
    await client.at(url, { 'mcp-session-id': 'unknown' }).get(),
    await fetch(url, { method: 'PUT' }),
    await client.delete()
  ]) {
    kept(response)
    await response.text()
  }
  await app.close()
})

t.test('an error of the application that is no refusal is not kept either', async t => {
  const { app } = await start(t, {}, {
    before: app => {
      app.addHook('onRequest', async () => { throw Object.assign(new Error('busy'), { statusCode: 503 }) })
    }
  })
  const { statusCode, headers } = await app.inject({ method: 'POST', url: '/mcp', headers: accept })
  t.equal(statusCode, 503)
  t.equal(headers['cache-control'], 'no-store')
})
