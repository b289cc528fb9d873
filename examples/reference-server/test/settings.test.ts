import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { call, initialize, open, post } from '@holdfast/clients/by-hand'
import { statusAs } from '@holdfast/clients/host'
import { listening } from './fixtures/listening.js'

const TOKENS = { HOLDFAST_DEMO_TOKENS: 'tenant-a:token-a,tenant-b:token-b' }
const A = { authorization: 'Bearer token-a' }
const B = { authorization: 'Bearer token-b' }

t.test('HOLDFAST_MAX_SESSIONS: one more is asked to come back later', async t => {
  const url = await listening(t, { HOLDFAST_MAX_SESSIONS: '2' })
  const session = await open(url)
  await open(url)
  const refused = await post(url, initialize())
  t.equal(refused.status, 503)
  t.match(refused.headers.get('retry-after'), /^\d+$/)
  t.match(await refused.json(), { jsonrpc: '2.0', id: 1, error: {} })
  await fetch(url, { method: 'DELETE', headers: session })
  await open(url)
})

t.test('HOLDFAST_MAX_PER_OWNER: a tenant cannot use up what others have', async t => {
  const url = await listening(t, { ...TOKENS, HOLDFAST_MAX_PER_OWNER: '1' })
  await open(url, A)
  t.equal((await post(url, initialize(), A)).status, 503)
  await open(url, B)
})

t.test('HOLDFAST_IDLE: a session that is not used is gone', async t => {
  const url = await listening(t, { HOLDFAST_IDLE: '1s' })
  const session = await open(url)
  t.equal((await post(url, call('counter'), session)).status, 200)
  await pause(1_200)
  t.equal((await post(url, call('counter'), session)).status, 404)
})

t.test('HOLDFAST_ABSOLUTE: a session is gone, however much it is used', async t => {
  const url = await listening(t, { HOLDFAST_IDLE: '300ms', HOLDFAST_ABSOLUTE: '300ms' })
  const session = await open(url)
  const opened = performance.now()
  let status
  while ((status = (await post(url, call('counter'), session)).status) === 200) t.ok(performance.now() - opened < 5_000)
  t.equal(status, 404)
})

const MODES = [['auto', 'application/json'], ['json', 'application/json'], ['sse', 'text/event-stream']] as const
for (const [mode, type] of MODES) {
  t.test(`HOLDFAST_RESPONSE_MODE: a short call in mode ${mode} is answered as ${type}`, async t => {
    const url = await listening(t, { HOLDFAST_RESPONSE_MODE: mode })
    const response = await post(url, call('counter'), await open(url))
    t.equal(response.headers.get('content-type')?.split(';')[0], type)
    t.match(await response.text(), '"total":1')
  })
}

t.test('HOLDFAST_STREAM_AFTER: a call that takes longer becomes a stream', async t => {
  const url = await listening(t, { HOLDFAST_STREAM_AFTER: '1s' })
  const session = await open(url)
  const short = await post(url, call('countdown', { steps: 1, intervalMs: 1 }), session)
  const long = await post(url, call('countdown', { steps: 1, intervalMs: 1500 }), session)
  t.match(short.headers.get('content-type'), /^application\/json/)
  t.match(long.headers.get('content-type'), /^text\/event-stream/)
  t.match(await long.text(), '"structuredContent":{"steps":1}')
})

t.test('HOLDFAST_EVICT: with `idle`, a tenant\'s own idle session makes room', async t => {
  const url = await listening(t, { ...TOKENS, HOLDFAST_MAX_PER_OWNER: '1', HOLDFAST_EVICT: 'idle' })
  const first = await open(url, A)
  const second = await open(url, A)
  t.equal((await post(url, call('counter'), first)).status, 404)
  t.equal((await post(url, call('counter'), second)).status, 200)
})

t.test('HOLDFAST_RETRY: clients are told when to reconnect', async t => {
  const url = await listening(t, { HOLDFAST_RETRY: '1234', HOLDFAST_RESPONSE_MODE: 'sse' })
  const session = await open(url)
  t.match(await (await post(url, call('counter'), session)).text(), /^retry: 1234$/m)
})

t.test('HOLDFAST_ALLOWED_HOSTS: these names are let in, and no others', async t => {
  const url = await listening(t, { HOLDFAST_ALLOWED_HOSTS: 'mcp.example.com' })
  t.equal(await statusAs('mcp.example.com', url), 200)
  t.equal(await statusAs('MCP.example.com:8080', url, { origin: 'http://mcp.example.com:8080' }), 200)
  for (const host of ['127.0.0.1', 'attacker.example', 'mcp.example.com.attacker.example']) {
    t.equal(await statusAs(host, url, { origin: `http://${host}` }), 403, host)
  }
})

t.test('HOLDFAST_ALLOWED_ORIGINS: pages from there are let in, and no others', async t => {
  const url = await listening(t, { HOLDFAST_ALLOWED_ORIGINS: 'https://app.example.com' })
  await open(url, { origin: 'https://app.example.com' })
  await open(url)
  t.equal((await post(url, initialize(), { origin: 'https://attacker.example' })).status, 403)
})

t.test('HOLDFAST_STANDALONE_RETRY: the stream that belongs to no call has a time of its own', async t => {
  const url = await listening(t, { HOLDFAST_RETRY: '1234', HOLDFAST_STANDALONE_RETRY: '5678' })
  const stream = await fetch(url, { headers: { ...await open(url), accept: 'text/event-stream' } })
  const [first] = await once(Readable.fromWeb(stream.body as WebStream).setEncoding('utf8'), 'data')
  t.match(first, /^retry: 5678$/m)
})

t.test('HOLDFAST_CALL_TIMEOUT: a call that takes longer is answered with an error', async t => {
  const url = await listening(t, { HOLDFAST_CALL_TIMEOUT: '100ms', HOLDFAST_RESPONSE_MODE: 'json' })
  const response = await post(url, call('countdown', { steps: 1_000, intervalMs: 1_000 }), await open(url))
  t.match(await response.json(), { jsonrpc: '2.0', id: 1, error: { code: Number, message: String } })
})

t.test('HOLDFAST_MAX_CALLS: one more is asked to come back', async t => {
  const url = await listening(t, { HOLDFAST_MAX_CALLS: '1', HOLDFAST_RESPONSE_MODE: 'sse' })
  const session = await open(url)
  const running = await post(url, call('countdown', { steps: 1_000, intervalMs: 1_000 }), session)
  t.equal(running.status, 200)
  const refused = await post(url, { ...call('counter'), id: 2 }, session)
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refused.json(), { jsonrpc: '2.0', id: 2, error: { code: -32000 } })
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  t.equal((await post(url, cancelled, session)).status, 202)
  await running.body?.cancel()
})

t.test('HOLDFAST_BODY_TIMEOUT: a body that does not arrive in time ends with its socket', async t => {
  const url = await listening(t, { HOLDFAST_BODY_TIMEOUT: '100ms' })
  const socket = connect(Number(url.port), url.hostname)
  const headers = ['host: 127.0.0.1', 'content-type: application/json', 'content-length: 100']
  socket.resume().write(`POST /mcp HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{`)
  await once(socket, 'close')
  t.pass('it has ended')
})
