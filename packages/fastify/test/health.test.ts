import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { file, generateKey } from '../src/index.js'
import { folder } from './fixtures/folder.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

async function ask (app: FastifyInstance, path: string): Promise<{ status: number, [detail: string]: unknown }> {
  const { statusCode, headers, body } = await app.inject(path)
  return { ...JSON.parse(body), code: statusCode, ...headers['retry-after'] !== undefined && { retryAfter: headers['retry-after'] } }
}

t.test('there are no such routes unless they are asked for', async t => {
  const { app } = await start(t)
  t.equal((await app.inject('/health/ready')).statusCode, 404)
})

t.test('an app that reaches its backend is ready, and lives also when it does not', async t => {
  const backend = memory()
  const { app } = await start(t, { backend, health: '/health' })
  t.strictSame(await ask(app, '/health/live'), { status: 'live', code: 200 })
  t.strictSame(await ask(app, '/health/ready'), { status: 'ready', code: 200 })
  const { ping } = backend
  backend.ping = async () => { throw new Error('secret of the backend') }
  t.strictSame(await ask(app, '/health/ready'), { status: 'unready', reason: 'backend', code: 503, retryAfter: '1' })
  t.equal((await ask(app, '/health/live')).code, 200)
  backend.ping = ping
  t.equal((await ask(app, '/health/ready')).code, 200)
})

t.test('an app whose snapshot waits for another key is not ready', async t => {
  const snapshot = file(join(await folder(t), 'sessions'))
  const first = await start(t, { snapshot, keys: generateKey() })
  await RawClient.open(first.url)
  await first.app.close()
  const { app } = await start(t, { snapshot, keys: generateKey(), health: '/health' })
  t.strictSame(await ask(app, '/health/ready'), { status: 'unready', reason: 'restoring', code: 503, retryAfter: '1' })
})

t.test('an app that closes is not ready, and goes on as before for drainDelay', async t => {
  const { app, url } = await start(t, { health: '/health', drainDelay: 300 }, { fastify: { return503OnClosing: false, forceCloseConnections: false } })
  const client = await RawClient.open(url)
  const began = performance.now()
  const closing = app.close()
  const ready = await fetch(new URL('/health/ready', url))
  t.equal(ready.status, 503)
  t.match(await ready.json(), { reason: 'closing' })
  t.strictSame(await client.call('echo', { still: 'served' }), { still: 'served' })
  await closing
  t.ok(performance.now() - began >= 299)
})

t.test('a hook of the application that guards every route can leave out probes', async t => {
  const { app } = await start(t, { health: '/health' }, {
    before: app => {
      app.addHook('onRequest', async ({ routeOptions: { config } }, reply) => {
        if (config.holdfast !== 'health') await reply.code(401).send()
      })
    }
  })
  t.equal((await ask(app, '/health/ready')).code, 200)
  t.equal((await app.inject({ method: 'POST', url: '/mcp', payload: {} })).statusCode, 401)
})
