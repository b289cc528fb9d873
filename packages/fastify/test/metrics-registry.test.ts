import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { memory } from '@holdfast/memory'
import { Counter, Registry } from 'prom-client'
import t from 'tap'
import { METRICS } from '../dist/index.js'
import { ownRegistry } from '../dist/metrics/registry.js'
import { RawClient } from './fixtures/raw-client.js'
import { Scrape } from './fixtures/scrape.js'
import { start } from './fixtures/start.js'

/** Makes a process believe that prom-client is not installed. */
const HIDE = `import { register } from 'node:module'
const hooks = "export async function resolve (name, context, next) {" +
  "  if (name === 'prom-client') throw new Error('not installed')" +
  "  ; return await next(name, context) }"
register('data:text/javascript,' + encodeURIComponent(hooks))
`
const APP = `import Fastify from 'fastify'
import holdfast from '@holdfast/fastify'
try {
  await Fastify().register(holdfast, { createServer: () => {}, metrics: { path: '/metrics' } })
} catch (error) { console.log(error.code, error.message) }
await Fastify().register(holdfast, { createServer: () => {} })
console.log('without metrics it starts')
`
t.test('without the option nothing is shown, nothing stands between, and prom-client is not needed', async t => {
  const backend = memory()
  const { app } = await start(t, { backend })
  t.equal((await app.inject('/metrics')).statusCode, 404)
  t.equal(app.mcpSessions.vault.backend, backend)
})

t.test('a registry of the application gets the metrics, with its default labels, and no route', async t => {
  const registry = new Registry()
  registry.setDefaultLabels({ job: 'mine' })
  const own = new Counter({ name: 'mine_total', help: 'Mine.', registers: [registry] })
  own.inc(3)
  const { app, url } = await start(t, { metrics: { registry } })
  await RawClient.open(url)
  t.equal((await app.inject('/metrics')).statusCode, 404)
  const scrape = new Scrape(await registry.metrics())
  t.equal(scrape.value('mine_total', { job: 'mine' }), 3)
  t.equal(scrape.value('holdfast_sessions_created_total', { job: 'mine', path: '/mcp' }), 1)
  t.equal(scrape.value('holdfast_request_duration_seconds_bucket', { job: 'mine', method: 'initialize', le: '60' }), 1)
  const [json] = (await registry.getMetricsAsJSON()).filter(({ name }) => name === 'holdfast_sessions_created_total')
  t.match(json, { type: 'counter', aggregator: 'sum', values: [{ value: 1 }] })
  registry.resetMetrics()
  t.equal(new Scrape(await registry.metrics()).value('holdfast_sessions_created_total'), 1, 'a count of ours goes on')
  await app.close()
  t.strictSame(registry.getMetricsAsArray().map(({ name }) => name), ['mine_total'])
})

t.test('it is shown in the format that it is set to', async t => {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const { app, url } = await start(t, { metrics: { registry, path: '/metrics' } })
  await RawClient.open(url)
  const { headers, body } = await app.inject('/metrics')
  t.equal(headers['content-type'], Registry.OPENMETRICS_CONTENT_TYPE)
  t.match(body, /^# TYPE holdfast_sessions_created counter$/m)
  t.match(body, /^holdfast_sessions_created_total\{path="\/mcp"\} 1$/m)
  t.match(body, /# EOF\n$/)
})

t.test('two apps that share a registry are told apart by their path, or counted together', async t => {
  const registry = new Registry()
  const metrics = { registry }
  const [one, two] = [await start(t, { metrics }), await start(t, { metrics })]
  const other = await start(t, { metrics, path: '/other' })
  const backend = memory()
  for (const url of [one.url, two.url, two.url, new URL('/other', other.url)]) await RawClient.open(url)
  const before = new Scrape(await registry.metrics())
  t.equal(before.value('holdfast_sessions_created_total', { path: '/mcp' }), 3)
  t.equal(before.value('holdfast_sessions_active', { path: '/mcp' }), 2, 'the larger: they may have one backend')
  t.equal(before.value('holdfast_sessions_created_total', { path: '/other' }), 1)
  t.equal(before.series('holdfast_sessions_created_total').length, 2)
  const ids = before.lines.map(({ name, labels }) => JSON.stringify([name, labels]))
  t.equal(new Set(ids).size, ids.length, 'no sample twice')
  await two.app.close()
  t.equal(new Scrape(await registry.metrics()).value('holdfast_sessions_created_total', { path: '/mcp' }), 1)
  await Promise.all([one.app.close(), other.app.close()])
  t.strictSame(registry.getMetricsAsArray(), [])
  await start(t, { metrics, backend })
  t.equal(registry.getMetricsAsArray().length, Object.keys(METRICS).length, 'and the next one may have it')
})

t.test('two apps with a registry each know nothing of each other', async t => {
  const [one, two] = [await start(t, { metrics: { path: '/metrics' } }), await start(t, { metrics: { path: '/m' } })]
  await RawClient.open(one.url)
  t.equal((await Scrape.of(one.app)).value('holdfast_sessions_created_total'), 1)
  t.equal((await Scrape.of(two.app, '/m')).value('holdfast_sessions_created_total'), 0)
})

t.test('a name that is taken fails the start, with what to do, and leaves the registry as it was', async t => {
  const registry = new Registry()
  registry.registerMetric(new Counter({ name: 'holdfast_unreadable_total', help: 'Not ours.', registers: [] }))
  await t.rejects(start(t, { metrics: { registry } }), {
    path: 'metrics.registry', message: /holdfast_unreadable_total.*registry of its own/
  })
  t.strictSame(registry.getMetricsAsArray().map(({ name }) => name), ['holdfast_unreadable_total'])
})

t.test('metrics that nobody could read fail the start', async t => {
  await t.rejects(start(t, { metrics: {} }), { path: 'metrics', message: /a registry, a path, or both/ })
})

t.test('without prom-client the start says what to install', async t => {
  const missing = async (): Promise<never> => { throw new Error('ERR_MODULE_NOT_FOUND') }
  await t.rejects(ownRegistry(missing), { path: 'metrics', message: /npm install prom-client/ })
  const directory = t.testdir({ 'hide.mjs': HIDE, 'app.mjs': APP })
  const args = ['--import', join(directory, 'hide.mjs'), join(directory, 'app.mjs')]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit']
  })
  let said = ''
  child.stdout.on('data', chunk => { said += String(chunk) })
  await once(child, 'close')
  t.equal(said, 'HOLDFAST_INVALID_OPTION metrics: needs the package prom-client: `npm install prom-client`\n' +
    'without metrics it starts\n')
})
