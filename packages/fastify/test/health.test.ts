import { setTimeout as pause } from 'node:timers/promises'
import { join } from 'node:path'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { file, generateKey } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { Log } from './fixtures/log.js'
import { RawClient } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

async function ask (app: FastifyInstance, path: string): Promise<{ status: number, [detail: string]: unknown }> {
  const { statusCode, headers, body } = await app.inject(path)
  const { 'retry-after': retryAfter } = headers
  return { ...JSON.parse(body), code: statusCode, ...retryAfter !== undefined && { retryAfter } }
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

t.test('an app that closes is not ready, and goes on as before for shutdown.delay', async t => {
  const fastify = { return503OnClosing: false, forceCloseConnections: false }
  const { app, url } = await start(t, { health: '/health', shutdown: { delay: 300 } }, { fastify })
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

t.test('a backend that is slow, or fails, is told without anybody asking, and so is that it is well again', async t => {
  const backend = memory()
  const log = new Log()
  const heard = async (state: string): Promise<any> => await log.hears(`holdfast: the backend is ${state}`)
  const { app } = await start(t, {
    backend, health: '/health', thresholds: { latency: 40, interval: 10 }
  }, { fastify: { logger: log.logger } })
  const { ping } = backend
  const degraded = heard('degraded')
  backend.ping = async () => { await pause(50) }
  t.match(await degraded, {
    level: 40, was: 'healthy', state: 'degraded', reasons: ['latency'], latency: Number, errorRate: 0
  })
  t.equal((await ask(app, '/health/ready')).status, 'ready', 'it still serves')
  const unhealthy = heard('unhealthy')
  backend.ping = async () => { throw new Error('connection lost') }
  t.match(await unhealthy, { level: 50, was: 'degraded', state: 'unhealthy', reasons: /backend/ })
  const healthy = heard('healthy')
  backend.ping = ping
  // Failures of the last interval still count.
  t.match(await healthy, { level: 30, state: 'healthy', reasons: [] })
  await app.close()
  let pings = 0
  backend.ping = async () => { pings++ }
  await pause(50)
  t.equal(pings, 0, 'nobody looks after the end')
})

t.test('under-pressure sheds load while the backend is away', async t => {
  const backend = memory()
  const { app, url } = await start(t, { backend }, {
    before: async app => {
      await app.register(underPressure, {
        healthCheckInterval: 10,
        healthCheck: async app => (await app.mcpSessions.health()).state !== 'unhealthy',
        exposeStatusRoute: '/status'
      })
      app.get('/other', async () => 'fine')
    }
  })
  const client = await RawClient.open(url)
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
  t.equal((await app.inject('/status')).statusCode, 200)
  const { ping } = backend
  const until = async (status: number): Promise<void> => {
    while ((await app.inject('/other')).statusCode !== status) await pause(5)
  }
  backend.ping = async () => { throw new Error('connection lost') }
  await until(503)
  const refused = await client.start('echo')
  t.equal(refused.status, 503)
  t.ok(refused.headers.get('retry-after'))
  t.match(await refused.json(), { jsonrpc: '2.0', error: { message: 'Service Unavailable' } })
  backend.ping = ping
  await until(200)
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})
