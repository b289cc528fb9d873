import { join } from 'node:path'
import { withFallback, mirrored } from '@holdfast/core'
import { memory } from '@holdfast/memory'
import { McpServer as McpServerV2 } from '@modelcontextprotocol/server'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { modernRequest } from '@holdfast/clients/modern'
import { type HoldfastOptions, type KeyProvider, METRICS, file } from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { k1, k2, keyring } from './fixtures/keys.js'
import { latch } from './fixtures/latch.js'
import { modern, modernCall } from './fixtures/modern.js'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { Scrape } from './fixtures/scrape.js'
import { type Setting, type Started, start } from './fixtures/start.js'
import { echo, elicit, say, serving } from './fixtures/tools.js'

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'

interface Watched extends Started {
  /** The value of a metric: see {@link Scrape.value}. */
  value: (name: string, labels?: Record<string, string>) => Promise<number | undefined>
}

const moved = new Set<string>()

/** An app that shows its metrics. What was seen to be more than nothing is noted. */
async function watched (t: Test, options: Partial<HoldfastOptions> = {}, setting: Setting = {}): Promise<Watched> {
  const { app, url } = await start(t, { metrics: { path: '/metrics' }, ...options }, setting)
  const value: Watched['value'] = async (name, labels) => {
    const scrape = await Scrape.of(app)
    for (const line of scrape.lines) if (line.value !== 0) moved.add(line.name)
    return scrape.value(name, labels)
  }
  return { app, url, value }
}

const user = (name: string): { headers: Record<string, string> } => ({ headers: { 'x-user': name } })
const principal: HoldfastOptions['principal'] = ({ headers: { 'x-user': user } }) =>
  user === undefined ? null : { subject: String(user) }
const bare = { accept: 'application/json, text/event-stream' }

t.test('sessions that begin, sleep and wake up', async t => {
  const { url, value } = await watched(t, { live: { max: 1 } })
  const [one] = [await RawClient.open(url), await RawClient.open(url)]
  t.equal(await value('holdfast_sessions_created_total'), 2)
  t.equal(await value('holdfast_sessions_active'), 2)
  t.equal(await value('holdfast_sessions_live'), 1)
  t.equal(await value('holdfast_sessions_dormant'), 1)
  await one.call('echo')
  t.equal(await value('holdfast_sessions_activated_total', { outcome: 'success' }), 1)
  t.equal(await value('holdfast_sessions_activated_total', { outcome: 'failure' }), 0)
})

t.test('a session that cannot be brought back', async t => {
  const backend = memory()
  const before = await watched(t, { backend })
  const client = await RawClient.open(before.url)
  const { url, value } = await watched(t, { backend, createServer: () => { throw new Error('the factory failed') } })
  t.equal((await client.at(url).start('echo')).status, 500)
  t.equal(await value('holdfast_sessions_activated_total', { outcome: 'failure' }), 1)
})

t.test('sessions that expire', async t => {
  const { url, app, value } = await watched(t, { ttl: { idle: 20 } })
  const expired = latch()
  app.mcpSessions.on('expired', () => { expired.open() })
  await RawClient.open(url)
  await expired.opened
  t.equal(await value('holdfast_sessions_expired_total', { reason: 'idle' }), 1)
  t.equal(await value('holdfast_sessions_expired_total', { reason: 'absolute' }), 0)
  t.equal(await value('holdfast_session_age_seconds_count'), 1)
  const idle = await value('holdfast_session_idle_seconds_sum') as number
  t.ok(Math.abs(idle - 0.02) < 1e-9, `what was allowed, not when it was noticed: ${idle}`)
})

t.test('sessions that are ended, and what they were like', async t => {
  const { url, value } = await watched(t, { principal, limits: { maxPerOwner: 1, evict: 'idle' } })
  await RawClient.open(url, user('me'))
  const second = await RawClient.open(url, user('me'))
  t.equal(await value('holdfast_sessions_terminated_total', { reason: 'evicted' }), 1)
  t.equal((await second.delete()).status, 200)
  t.equal((await second.delete()).status, 404)
  t.equal(await value('holdfast_sessions_terminated_total', { reason: 'terminated' }), 1)
  for (const name of ['holdfast_session_age_seconds', 'holdfast_session_idle_seconds']) {
    t.equal(await value(`${name}_count`), 2)
    t.equal(await value(`${name}_bucket`, { le: '60' }), 2)
    t.equal(await value(`${name}_bucket`, { le: '3600' }), 2)
    t.ok(await value(`${name}_sum`) as number < 30)
  }
})

t.test('limits that are met', async t => {
  const { url, app, value } = await watched(t, { principal, limits: { maxPerOwner: 1, maxSessions: 2 } })
  const open = async (name: string): Promise<number> =>
    (await new RawClient(url, { ...bare, 'x-user': name }).post(initializeRequest())).status
  t.strictSame([await open('me'), await open('me'), await open('you'), await open('them')], [200, 503, 200, 503])
  app.mcpSessions.emit('limitReached', { limit: 'initializeRate', owner: '', admitted: false })
  const counts = [
    ['maxPerOwner', 1], ['maxSessions', 1], ['initializeRate', 1], ['maxLive', 0], ['maxBuffered', 0]
  ] as const
  for (const [limit, count] of counts) {
    t.equal(await value('holdfast_limit_reached_total', { limit }), count, limit)
  }
})

t.test('somebody else\'s session', async t => {
  const { app, url, value } = await watched(t, { principal })
  // It is told later than it is answered.
  const told = new Promise<void>(resolve => { app.mcpSessions.on('ownerMismatch', () => { resolve() }) })
  const client = await RawClient.open(url, user('me'))
  t.equal((await client.at(url, { 'x-user': 'you' }).start('echo')).status, 404)
  await told
  t.equal(await value('holdfast_owner_mismatches_total'), 1)
})

t.test('seals by key, and what does not open', async t => {
  const backend = memory()
  const first = await watched(t, { backend, keys: keyring(k1) })
  const client = await RawClient.open(first.url)
  t.ok(await first.value('holdfast_seals_total', { key: 'k1' }) as number >= 1)
  const second = await watched(t, { backend, keys: keyring(k2, k1) })
  t.strictSame(await client.at(second.url).call('echo', { a: 1 }), { a: 1 })
  t.equal(await second.value('holdfast_opens_total', { key: 'k1' }), 1)
  t.equal(await second.value('holdfast_opens_total', { key: 'k2' }), undefined)
  const third = await watched(t, { backend, keys: keyring(k2) })
  t.equal((await client.at(third.url).start('echo')).status, 503)
  t.equal(await third.value('holdfast_open_failures_total', { reason: 'key_unavailable' }), 1)
  const { records: [record] } = await backend.records.list({ limit: 1 })
  const { key = '', version = 0, body = new Uint8Array() } = record ?? {}
  const forged = Uint8Array.from(body)
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
  await backend.records.replace(key, version, forged)
  const fourth = await watched(t, { backend, keys: keyring(k1) })
  t.equal((await client.at(fourth.url).start('echo')).status, 404)
  t.equal(await fourth.value('holdfast_open_failures_total', { reason: 'broken' }), 1)
  t.equal(await fourth.value('holdfast_unreadable_total', { kind: 'session' }), 1)
})

t.test('a key of a KMS, which answers later', async t => {
  const dataKeys: Uint8Array[] = []
  const kms: KeyProvider = {
    id: 'kms',
    wrap: async dataKey => Buffer.from([dataKeys.push(Buffer.from(dataKey)) - 1]),
    unwrap: async ([index]) => Buffer.from(dataKeys[index as number] as Uint8Array)
  }
  const backend = memory()
  const first = await watched(t, { backend, keys: kms })
  const client = await RawClient.open(first.url)
  t.ok(await first.value('holdfast_seals_total', { key: 'kms' }) as number >= 1)
  const second = await watched(t, { backend, keys: { ...kms } })
  t.equal((await client.at(second.url).start('echo')).status, 200)
  t.equal(await second.value('holdfast_opens_total', { key: 'kms' }), 1)
})

t.test('snapshots that go out and come back', async t => {
  const path = join(await folder(t), 'sessions')
  const began = Date.now() / 1000
  const first = await watched(t, { snapshot: file(path), keys: k1 })
  await RawClient.open(first.url)
  t.equal(await first.value('holdfast_snapshot_bytes'), undefined)
  await first.app.mcpSessions.exportSessionState()
  t.equal(await first.value('holdfast_snapshots_exported_total', { outcome: 'success' }), 1)
  t.equal(await first.value('holdfast_sessions_exported_total'), 1)
  t.ok(await first.value('holdfast_snapshot_bytes') as number > 500)
  t.ok(await first.value('holdfast_snapshot_timestamp_seconds') as number >= began)
  const full = async (): Promise<void> => { throw new Error('no room') }
  await t.rejects(first.app.mcpSessions.exportSessionState({ read: () => undefined, write: full }))
  t.equal(await first.value('holdfast_snapshots_exported_total', { outcome: 'failure' }), 1)
  await first.app.close()

  const second = await watched(t, { snapshot: file(path), keys: k1 })
  t.equal(await second.value('holdfast_snapshots_restored_total', { outcome: 'success' }), 1)
  t.equal(await second.value('holdfast_sessions_restored_total', { result: 'restored' }), 1)
  await t.rejects(second.app.mcpSessions.restoreSessionState({ read: () => { throw new Error('cannot be read') } }))
  t.equal(await second.value('holdfast_snapshots_restored_total', { outcome: 'failure' }), 1)
  const junk = async function * (): AsyncGenerator<Uint8Array> { yield Buffer.from('junk\n') }
  const report = await second.app.mcpSessions.restoreSessionState({ read: junk as never })
  t.equal(report.invalid.length, 1)
  t.equal(await second.value('holdfast_snapshots_restored_total', { outcome: 'failure' }), 2)
  t.equal(await second.value('holdfast_sessions_restored_total', { result: 'invalid' }), 1)
  await second.app.close()

  const third = await watched(t, { snapshot: file(path), keys: k2 })
  t.equal(await third.value('holdfast_snapshot_incomplete'), 1)
})

t.test('requests, by what they ask and what comes of it', async t => {
  const backend = memory()
  const { url, value } = await watched(t, {
    backend,
    bodyLimit: 10_000,
    principal: ({ headers }) => {
      if (headers['x-user'] === 'broken') throw new Error('no idea')
      if (headers['x-user'] === 'hasty') throw Object.assign(new Error('slow down'), { statusCode: 429 })
      return headers['x-user'] === undefined ? null : { subject: String(headers['x-user']) }
    }
  })
  const count = async (method: string, outcome: string): Promise<number | undefined> =>
    await value('holdfast_request_duration_seconds_count', { method, outcome })
  const client = await RawClient.open(url, user('me'))
  t.equal(await count('initialize', 'ok'), 1)
  t.equal(await count('notifications/initialized', 'ok'), 1)
  await client.call('echo')
  t.equal(await count('tools/call', 'ok'), 1)
  t.ok(await value('holdfast_request_duration_seconds_sum', { method: 'tools/call' }) as number > 0)
  t.equal(await value('holdfast_request_duration_seconds_bucket', { method: 'tools/call', le: '+Inf' }), 1)
  await client.post([{ jsonrpc: '2.0', method: 'x' }])
  t.equal(await count('batch', 'invalid'), 1)
  await client.post({ jsonrpc: '2.0', id: '1', result: {} })
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'response' }), 1)
  await client.post('{')
  await client.post('7')
  await client.post('x'.repeat(10_001))
  t.equal(await count('other', 'invalid'), 3)
  await fetch(url, { method: 'PUT' })
  t.equal(await count('other', 'invalid'), 4)
  await client.at(url, { 'mcp-session-id': 'A'.repeat(43) }).start('echo')
  t.equal(await count('tools/call', 'unknown'), 1)
  await new RawClient(url, bare).post(toolCall(1, 'echo'))
  await client.at(url, { 'x-user': 'hasty' }).start('echo')
  t.equal(await count('tools/call', 'denied'), 2)
  await client.at(url, { origin: 'https://evil.example' }).get()
  t.equal(await count('GET', 'denied'), 1)
  await client.at(url, { 'x-user': 'broken' }).start('echo')
  t.equal(await count('tools/call', 'error'), 1)
  const { touch } = backend.records
  backend.records.touch = async () => { throw new Error('away') }
  await client.start('echo')
  t.equal(await count('tools/call', 'unavailable'), 1)
  backend.records.touch = touch
  await client.delete()
  t.equal(await count('DELETE', 'ok'), 1)
})

t.test('what a hook of the application refuses, before anything of ours runs, took no time', async t => {
  const { url, value } = await watched(t, {}, {
    before: app => {
      app.addHook('onRequest', async ({ method }) => {
        if (method === 'POST') throw Object.assign(new Error('go away'), { statusCode: 401 })
      })
    }
  })
  t.equal((await new RawClient(url, bare).post(initializeRequest())).status, 401)
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'other', outcome: 'denied' }), 1)
  t.equal(await value('holdfast_request_duration_seconds_sum', { method: 'other' }), 0)
})

/** Calls `left` when a client goes away that has said so in a header. */
function leaving (left: () => void): Setting {
  return {
    before: app => {
      app.addHook('onRequest', async ({ headers }, reply) => {
        if (headers['x-leaves'] !== undefined) reply.raw.once('close', left)
      })
    }
  }
}

t.test('calls that are streamed count when they are over, calls that nobody waits for as aborted', async t => {
  const [gate, running, closed] = [latch(), latch(), latch()]
  const { url, value } = await watched(t, {
    createServer: serving({
      ...echo,
      say: async call => {
        await say(call, 'hello')
        running.open()
        await gate.opened
        return 'done'
      }
    })
  }, leaving(() => { closed.open() }))
  const client = await RawClient.open(url)
  const stream = events(await client.start('say'))
  const { id } = await nextMessage(stream)
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'tools/call' }), undefined)
  t.equal(await value('holdfast_streams_open'), 1)
  await running.opened
  const away = new AbortController()
  const left = await client.post(toolCall(2, 'say'), { 'x-leaves': 'yes' }, away.signal)
  away.abort()
  await t.rejects(left.text())
  await closed.opened
  gate.open()
  for await (const { message } of stream) if (message?.result !== undefined) break
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'tools/call', outcome: 'aborted' }), 1)
  t.equal((await allMessages(await client.resume(id as string))).length, 1)
  t.equal(await value('holdfast_events_replayed_total'), 1)
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'GET' }), undefined)
})

t.test('so does a call whose answer would have been JSON', async t => {
  const [gate, running, closed] = [latch(), latch(), latch()]
  const { url, value } = await watched(t, {
    responseMode: 'json',
    createServer: serving({ ...echo, wait: async () => { running.open(); await gate.opened } })
  }, leaving(() => { closed.open() }))
  const client = await RawClient.open(url)
  const away = new AbortController()
  const left = client.post(toolCall(1, 'wait'), { 'x-leaves': 'yes' }, away.signal)
  await running.opened
  away.abort()
  await t.rejects(left)
  await closed.opened
  gate.open()
  await client.call('echo')
  t.equal(await value('holdfast_request_duration_seconds_count', { method: 'tools/call', outcome: 'aborted' }), 1)
})

t.test('a backend that fails, is away and comes back', async t => {
  const backend = memory()
  const { url, app, value } = await watched(t, { backend })
  const client = await RawClient.open(url)
  await client.call('echo')
  t.ok(await value('holdfast_backend_operation_duration_seconds_count', { operation: 'records.touch' }) as number >= 1)
  t.equal(await value('holdfast_backend_operation_duration_seconds_count', { operation: 'records.create' }), 1)
  t.equal(await value('holdfast_backend_errors_total', { operation: 'records.touch' }), 0)
  t.equal(await value('holdfast_backend_up'), 1)
  t.equal(await value('holdfast_backend_breaker_open'), undefined)
  const { records: { touch }, ping } = backend
  backend.records.touch = async () => { throw new Error('away') }
  backend.ping = async () => { throw new Error('away') }
  t.equal((await client.start('echo')).status, 503)
  t.equal(await value('holdfast_backend_errors_total', { operation: 'records.touch' }), 1)
  await app.mcpSessions.health()
  t.equal(await value('holdfast_backend_health', { state: 'unhealthy' }), 1)
  t.equal(await value('holdfast_backend_health', { state: 'healthy' }), 0)
  backend.records.touch = touch
  backend.ping = ping
  await client.call('echo')
  await app.mcpSessions.health()
  t.equal(await value('holdfast_backend_health', { state: 'healthy' }), 1)
  Object.assign(backend, { status: () => ({ breaker: 'open' }) })
  t.equal(await value('holdfast_backend_breaker_open'), 1)
  Object.assign(backend, { status: () => ({ breaker: 'closed' }) })
  t.equal(await value('holdfast_backend_breaker_open'), 0)
})

t.test('a fallback that serves', async t => {
  const primary = memory()
  const backend = withFallback(primary, memory(), { replicas: 1, probe: '1h' })
  const { url, value } = await watched(t, { backend })
  t.equal(await value('holdfast_fallback_active'), 0)
  primary.records.create = async () => { throw new Error('away') }
  primary.ping = async () => { throw new Error('away') }
  await t.rejects(RawClient.open(url), /503/)
  await RawClient.open(url)
  t.equal(await value('holdfast_fallback_active'), 1)
  t.equal(await value('holdfast_fallback_activations_total'), 1)
})

t.test('a mirror that is behind', async t => {
  const copy = memory()
  copy.records.create = async () => { throw new Error('away') }
  const { url, value } = await watched(t, { backend: mirrored(memory(), [copy]), keys: k1 })
  t.equal(await value('holdfast_copy_pending_sessions'), 0)
  await RawClient.open(url)
  t.equal(await value('holdfast_copy_pending_sessions'), 1)
  t.ok(await value('holdfast_copy_lag_seconds') as number > 0)
})

t.test('requests by era, revision and method', async t => {
  const { url, value } = await watched(t, { modern: 'auto' })
  const total = async (labels: Record<string, string>): Promise<number | undefined> =>
    await value('holdfast_requests_total', labels)
  await (await RawClient.open(url)).call('echo')
  await (await RawClient.open(url, { version: '2025-06-18' })).call('echo')
  await modernCall(url, 'echo')
  await modern(url, modernRequest('made/up'))
  await modern(url, modernRequest('server/discover', {}, { meta: { [VERSION_KEY]: '2027-01-01' } }))
  await fetch(url, { method: 'POST', headers: { accept: 'text/html' } })
  t.equal(await total({ era: 'sessions', version: '2025-11-25', method: 'tools/call' }), 1)
  t.equal(await total({ era: 'sessions', version: '2025-06-18', method: 'initialize' }), 1)
  t.equal(await total({ era: 'modern', version: '2026-07-28', method: 'tools/call' }), 1)
  t.equal(await total({ era: 'modern', version: '2026-07-28', method: 'other' }), 1)
  t.equal(await total({ era: 'none', version: 'none', method: 'other' }), 1)
  t.equal(await total({ era: 'modern', method: 'server/discover' }), 1)
})

t.test('calls without a session that run, and those that wait for their clients', async t => {
  const [running, gate] = [latch(), latch()]
  const { url, value } = await watched(t, {
    modern: { parkTimeout: '1h', maxParkedPerOwner: 1 },
    createServer: serving({
      wait: async () => {
        running.open()
        await gate.opened
      },
      ask: async call => await elicit(call, 'sure?')
    })
  })
  const waiting = modernCall(url, 'wait')
  await running.opened
  t.equal(await value('holdfast_modern_calls'), 1)
  gate.open()
  await waiting
  const params = { name: 'ask', arguments: {} }
  const capabilities = { elicitation: {} }
  const ask = async (more: object = {}): Promise<any> =>
    await (await modern(url, modernRequest('tools/call', { ...params, ...more }, { capabilities }))).json()
  const { result: { requestState, inputRequests } } = await ask()
  t.equal(await value('holdfast_parked_calls'), 1)
  t.equal(await value('holdfast_parked_total', { outcome: 'parked' }), 1)
  const inputResponses = { [Object.keys(inputRequests)[0] as string]: { action: 'cancel' } }
  t.match(await ask({ requestState: 'made up', inputResponses }), { error: { code: -32602 } })
  t.match(await ask({ requestState, inputResponses }), { result: { resultType: 'complete' } })
  t.equal(await value('holdfast_parked_calls'), 0)
  t.equal(await value('holdfast_parked_total', { outcome: 'resumed' }), 1)
  t.equal(await value('holdfast_parked_total', { outcome: 'abandoned' }), 0)
  for (const outcome of ['issued', 'accepted', 'invalid']) {
    t.equal(await value('holdfast_request_states_total', { outcome }), 1, outcome)
  }
})

t.test('what a shared server says to nobody', async t => {
  const { url, value } = await watched(t, {
    modern: {
      server: ({ serverOptions }) => {
        const options = { ...serverOptions, capabilities: { logging: {} } }
        const server = new McpServerV2({ name: 'chatty', version: '1' }, options)
        server.registerTool('say', { inputSchema: z.looseObject({}) }, async () => {
          await server.server.sendLoggingMessage({ level: 'info', data: 'to nobody' }).catch(() => {})
          return { content: [] }
        })
        return server
      }
    }
  })
  await modernCall(url, 'say')
  t.equal(await value('holdfast_unrelated_messages_total', { kind: 'notification' }), 1)
})

t.test('every metric was seen to move', t => {
  const names = [...moved].map(name => name.replace(/_(bucket|sum|count)$/, ''))
  t.strictSame(Object.keys(METRICS).filter(name => !names.includes(name)), [])
  t.end()
})
