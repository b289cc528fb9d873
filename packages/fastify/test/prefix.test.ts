import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { bearer } from './fixtures/admin.js'
import { Log } from './fixtures/log.js'
import { initializeRequest } from './fixtures/raw-client.js'
import { serving } from './fixtures/tools.js'

const OPTIONS: HoldfastOptions = {
  createServer: serving(), health: '/health', admin: { authorize: bearer() }, metrics: { path: '/metrics' }
}
/** A prefix as it is given, and as it counts. */
const PREFIXES = [
  ['/api', '/api'], ['/api/', '/api'], ['api', '/api'], ['/a/b', '/a/b'], ['/', ''], ['', ''], [undefined, '']
] as const

async function hasRoutes (t: Test, app: FastifyInstance, prefix: string, path = '/mcp'): Promise<void> {
  const headers = { accept: 'application/json, text/event-stream', authorization: 'Bearer admin' }
  const status = async (method: 'GET' | 'POST', url: string, payload?: object): Promise<number> =>
    (await app.inject({ method, url, headers, ...(payload && { payload }) })).statusCode
  t.equal(await status('POST', prefix + path, initializeRequest()), 200, `${prefix}${path}`)
  for (const url of ['/health/live', '/health/ready', '/mcp-sessions', '/mcp-sessions/fleet', '/metrics']) {
    t.equal(await status('GET', prefix + url), 200, prefix + url)
    if (prefix !== '') t.equal(await status('GET', url), 404, url)
  }
  if (prefix !== '') t.equal(await status('POST', path, initializeRequest()), 404)
  const { body } = await app.inject(`${prefix}/metrics`)
  t.match(body, `holdfast_sessions_created_total{path="${prefix}${path}"} 1`)
}

for (const [given, prefix] of PREFIXES) {
  t.test(`the prefix ${String(given)} is that of every route`, async t => {
    const app = Fastify()
    t.teardown(async () => { await app.close() })
    await app.register(holdfast, { ...OPTIONS, ...(given !== undefined && { prefix: given }) })
    await hasRoutes(t, app, prefix)
  })
}

t.test('it follows the prefix of the scope', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(async scope => {
    await scope.register(holdfast, { ...OPTIONS, prefix: '/tools', path: '/' })
  }, { prefix: '/v1' })
  await hasRoutes(t, app, '/v1/tools', '/')
})

t.test('two endpoints in one app are told apart by their prefix', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  for (const prefix of ['/one', '/two']) {
    await app.register(async scope => { await scope.register(holdfast, { ...OPTIONS, prefix }) })
  }
  await hasRoutes(t, app, '/one')
  await hasRoutes(t, app, '/two')
})

t.test('the level of the log that is given with it is that of the routes', async t => {
  const log = new Log()
  const app = Fastify({ logger: log.logger })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { ...OPTIONS, logLevel: 'silent' })
  await app.inject('/health/live')
  t.strictSame(log.saying('incoming request'), [])
})
