import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify from 'fastify'
import { Envelope } from '@holdfast/envelope'
import { memory } from '@holdfast/memory'
import t from 'tap'
import holdfast, { METRICS } from '../dist/index.js'
import type { MetricSpec } from '../dist/metrics/catalog.js'
import { k1, keyring } from './fixtures/keys.js'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { Scrape } from './fixtures/scrape.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

t.test('a client cannot make series, whatever it calls things', async t => {
  const { app, url } = await start(t, { metrics: { path: '/metrics' } })
  const client = await RawClient.open(url)
  const say = async (n: number): Promise<void> => {
    await client.post({ jsonrpc: '2.0', id: `m${n}`, method: `made/up-${n}"}\n1` })
    await client.post(toolCall(`t${n}`, `tool-${n}`))
    await client.post({ jsonrpc: '2.0', method: `notifications/${n}` })
    await client.post({ jsonrpc: '2.0', id: `r${n}`, method: 'resources/read', params: { uri: `test://${n}` } })
    await client.post({ jsonrpc: '2.0', id: `o${n}`, method: { toString: 'x' } })
    await client.post({ jsonrpc: '2.0', id: `p${n}`, method: '__proto__' })
    await client.at(url, { 'mcp-session-id': String(n).padStart(43, 'x') }).start('echo')
    await client.get({ 'last-event-id': `${n}.1` })
  }
  await say(0)
  const before = (await Scrape.of(app)).lines.length
  for (let n = 1; n <= 20; n++) await say(n)
  const scrape = await Scrape.of(app)
  t.equal(scrape.lines.length, before)
  t.notMatch(scrape.text, /made|tool-|test:/)
  t.equal(scrape.value('holdfast_request_duration_seconds_count', { method: 'other' }), 21 * 4)
})

t.test('nor can who writes to the storage, by the keys that seals name', async t => {
  const backend = memory()
  const { app, url } = await start(t, { backend, keys: k1, metrics: { path: '/metrics' } })
  const client = await RawClient.open(url)
  const { records: [record] } = await backend.records.list({ limit: 1 })
  const { touch } = backend.records
  for (let n = 1; n <= 5; n++) {
    const foreign = new Envelope(keyring(k1.replace('k1', `made-up-${n}`))).seal(Buffer.from('x'), []) as Uint8Array
    backend.records.touch = async () => ({ ...record as never as object, version: n + 10, body: foreign }) as never
    t.equal((await client.start('echo')).status, 503)
  }
  backend.records.touch = touch
  const { lines, text } = await Scrape.of(app)
  t.strictSame(new Set(lines.flatMap(({ labels }) => labels.key ?? [])), new Set(['k1']))
  t.notMatch(text, /made-up/)
})

t.test('labels and their values are those of the table; none shows a session, an owner or a token', async t => {
  const { app, url } = await start(t, {
    keys: k1,
    metrics: { path: '/metrics' },
    principal: () => ({ issuer: 'canary', subject: 'canary-subject' }),
    context: { resolve: () => 'canary' }
  })
  const client = await RawClient.open(url, { headers: { authorization: 'Bearer canary' } })
  await client.call('echo')
  const key = (await app.mcpSessions.list()).sessions[0]?.key as string
  await client.delete()
  const { lines, text } = await Scrape.of(app)
  for (const { name, labels: { path, le, ...labels } } of lines) {
    const metric = name.replace(/_(bucket|sum|count)$/, '') as keyof typeof METRICS
    const { labels: known = {}, type }: MetricSpec = METRICS[metric]
    t.equal(path, '/mcp')
    t.equal(le !== undefined, type === 'histogram' && name.endsWith('_bucket'))
    for (const [label, value] of Object.entries(labels)) {
      const values = known[label] as string[]
      t.ok(values.length === 0 ? value === 'k1' : values.includes(value), `${name} ${label}=${value}`)
    }
    t.strictSame(Object.keys(labels), Object.keys(known))
  }
  for (const secret of [client.id, 'canary', key, key.slice(0, 8)]) t.notOk(text.includes(secret))
})

t.test('a scrape answers while the backend fails, and soon while it hangs', async t => {
  const backend = memory()
  const { app, url } = await start(t, { backend, metrics: { path: '/metrics' } })
  await RawClient.open(url)
  const { count } = backend.records
  backend.records.count = async () => { throw new Error('away') }
  const away = await Scrape.of(app)
  t.equal(away.value('holdfast_sessions_active'), undefined)
  t.equal(away.value('holdfast_sessions_dormant'), undefined)
  t.equal(away.value('holdfast_sessions_live'), 1)
  t.equal((await Scrape.of(app)).value('holdfast_backend_up'), 0)
  let asked = 0
  backend.records.count = async () => { asked++; return await new Promise(() => {}) }
  const began = performance.now()
  const [one, two] = await Promise.all([Scrape.of(app), Scrape.of(app)])
  t.ok(performance.now() - began < 5_000)
  t.equal(one.value('holdfast_sessions_active') ?? two.value('holdfast_sessions_active'), undefined)
  t.equal(asked, 1, 'nothing piles up')
  backend.records.count = count
})

t.test('docs/metrics.md has the table', async t => {
  const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  const label = ([name, values]: [string, readonly string[]]): string =>
    values.length === 0 || values.length > 7 ? `\`${name}\`` : `\`${name}\`: ${values.join(', ')}`
  const rows = Object.entries<MetricSpec>(METRICS).map(([name, { type, labels = {}, help }]) =>
    `| \`${name}\` | ${type} | ${Object.entries(labels).map(label).join('; ')} | ${help} |`)
  t.strictSame([...page.matchAll(/^\| `holdfast_.*$/gm)].map(([row]) => row), rows)
})

t.test('what docs/metrics.md shows works, and the hook guards the route', async t => {
  const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  const [example, guard] = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
  const directory = t.testdir({
    'register.mjs': "import { collectDefaultMetrics, register } from 'prom-client'\n" +
      'export async function run (app, holdfast, createServer) {\n' +
      `${guard}\n${example?.replaceAll(/^import .*$/gm, '')}}\n`
  })
  const { run } = await import(pathToFileURL(join(directory, 'register.mjs')).href)
  const app = Fastify()
  t.teardown(async () => {
    await app.close()
    delete process.env.SCRAPE_TOKEN
  })
  process.env.SCRAPE_TOKEN = 'scraper'
  await run(app, holdfast, serving())
  t.equal((await app.inject('/metrics')).statusCode, 401)
  const { body } = await app.inject({ url: '/metrics', headers: { authorization: 'Bearer scraper' } })
  t.match(body, 'holdfast_sessions_created_total')
  t.match(body, 'process_cpu_user_seconds_total')
})
