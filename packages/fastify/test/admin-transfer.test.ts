import { request } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { memory } from '@holdfast/memory'
import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import { RestoreAnswer } from '../dist/admin/schemas.js'
import type { HoldfastOptions } from '../dist/index.js'
import { ask, bearer, startAdmin, user } from './fixtures/admin.js'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { k1, k2 } from './fixtures/keys.js'
import { RawClient } from './fixtures/raw-client.js'
import type { Started } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

const authorization = 'Bearer admin'
const NDJSON = 'application/x-ndjson'

interface Uploaded {
  status: number
  body: any
}

async function sealed (t: Test, options: Partial<HoldfastOptions> = {}): Promise<Started> {
  return await startAdmin(t, { keys: k1, ...options })
}

async function download ({ app }: Started): Promise<string> {
  const { status, headers, body } = await ask(app, 'GET', '/mcp-sessions/export')
  if (status !== 200 || headers['content-type'] !== NDJSON) {
    throw new Error(JSON.stringify({ status, headers, body }))
  }
  return body
}

async function upload ({ url }: Started, body: string | Buffer | Readable, type = NDJSON): Promise<Uploaded> {
  const response = await fetch(new URL('/mcp-sessions/restore', url), {
    method: 'POST',
    headers: { authorization, 'content-type': type },
    body: body instanceof Readable ? Readable.toWeb(body) : body,
    duplex: 'half'
  } as never)
  return { status: response.status, body: await response.json() }
}

const nothing = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }

t.test('sessions move to another app, with what they keep and their streams', async t => {
  const createServer = serving({
    ...echo,
    count: async ({ session }) => (await session.update(data => { data.n = Number(data.n ?? 0) + 1 })).n,
    talk: async call => { await say(call, 1); await say(call, 2); return 'done' }
  })
  const from = await sealed(t, { createServer })
  const client = await RawClient.open(from.url, user('ada'))
  t.equal(await client.call('count'), 1)
  const stream = events(await client.start('talk'))
  const { id } = await nextMessage(stream)
  for await (const event of stream) void event
  for (let n = 0; n < 250; n++) await from.app.mcpSessions.create()
  const { headers } = await ask(from.app, 'GET', '/mcp-sessions/export')
  t.match(headers['content-disposition'], /^attachment/)
  const snapshot = await download(from)
  t.match(snapshot.split('\n').length, 1 + 251 + 1 + 1 + 1)
  const to = await sealed(t, { createServer })
  const imported: unknown[] = []
  to.app.mcpSessions.on('snapshotRestored', report => { imported.push(report) })
  const { status, body } = await upload(to, Readable.from([snapshot.slice(0, 1_000), snapshot.slice(1_000)]))
  t.strictSame({ status, body }, { status: 200, body: { ...nothing, restored: 251 } })
  t.ok(Value.Check(RestoreAnswer, body))
  t.strictSame(imported, [body])
  const moved = client.at(to.url)
  t.equal(await moved.call('count'), 2)
  t.match((await allMessages(await moved.resume(id as string))).map(({ params }) => params?.data), [2, undefined])
  t.strictSame((await upload(to, snapshot)).body, { ...nothing, duplicate: 251 })
  const bytes = Buffer.from(snapshot)
  t.strictSame((await upload(to, bytes, 'application/octet-stream')).body, { ...nothing, duplicate: 251 })
})

t.test('what is not sealed is not handed out', async t => {
  const { app } = await startAdmin(t)
  t.match(await ask(app, 'GET', '/mcp-sessions/export'), { status: 409, body: { message: /keys/ } })
  const readable = await startAdmin(t, { encryption: 'none' })
  t.match(await download(readable), /"holdfast":"snapshot"/)
})

t.test('an app whose own snapshot is not restored has no whole one to hand out', async t => {
  const other = await download(await sealed(t, { keys: k2 }))
  const snapshot = { read: () => Readable.from([other]), write: async () => {}, mayRevive: true }
  const { app } = await sealed(t, { snapshot })
  t.match(await ask(app, 'GET', '/mcp-sessions/export'), { status: 503 })
})

/** Uploads that are no snapshot, and what the report says of them. */
const GARBAGE: Record<string, [body: string | Buffer, reason: RegExp]> = {
  nothing: ['', /empty/],
  noise: [Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7_919) % 251)), /not a Holdfast snapshot/],
  text: ['hello\nworld\n', /not a Holdfast snapshot/],
  JSON: ['{"sessions":[]}', /not a Holdfast snapshot/],
  'a header only': ['{"holdfast":"snapshot","format":1}', /damaged/],
  'another format': ['{"holdfast":"snapshot","format":99}', /format/],
  'one long line': [`{${'x'.repeat(40_000_000)}`, /not a Holdfast snapshot/],
  'lines without end': ['{}\n'.repeat(5_000), /not a Holdfast snapshot/]
}

t.test('garbage is answered with a report', async t => {
  const started = await sealed(t)
  const client = await RawClient.open(started.url)
  for (const [name, [body, reason]] of Object.entries(GARBAGE)) {
    const answer = await upload(started, body)
    t.equal(answer.status, 200, name)
    t.match(answer.body, { ...nothing, invalid: [{ line: 1, reason }] }, name)
    t.ok(answer.body.invalid.length <= 1_001)
  }
  t.strictSame(await client.call('echo', {}), {})
})

t.test('a broken line costs itself, a foreign key everything, and the rest of the upload is read', async t => {
  const from = await sealed(t)
  for (let n = 0; n < 3; n++) await from.app.mcpSessions.create()
  const lines = (await download(from)).split('\n')
  const broken = lines.map((line, n) => n === 2 ? line.replace(/"version":1/, '"version":9') : line).join('\n')
  t.match((await upload(await sealed(t), broken)).body, { restored: 2, invalid: [{ line: 3 }, { line: 5 }] })
  const padded = `${lines.join('\n')}${'\n'.repeat(3_000_000)}`
  t.match((await upload(await sealed(t, { keys: k2 }), padded)).body, {
    restored: 0, invalid: [{ line: 1, reason: /key/ }]
  })
})

t.test('an upload brings back no more than there is room for', async t => {
  const from = await sealed(t)
  for (let n = 0; n < 5; n++) await from.app.mcpSessions.create()
  const to = await sealed(t, { limits: { maxSessions: 2 } })
  t.match((await upload(to, await download(from))).body, { restored: 2, overLimit: 3 })
})

t.test('an upload that is too large is broken off', async t => {
  const from = await sealed(t)
  for (let n = 0; n < 300; n++) await from.app.mcpSessions.create()
  const snapshot = await download(from)
  const { app } = await sealed(t, { admin: { authorize: bearer(), restoreLimit: snapshot.length - 100 } })
  const answer = await ask(app, 'POST', '/mcp-sessions/restore', {
    headers: { authorization, 'content-type': NDJSON }, payload: snapshot
  })
  t.match(answer, { status: 413, body: { statusCode: 413, message: /restored/ } })
  t.ok(await app.mcpSessions.count() <= 300)
  const fits = await sealed(t, { admin: { authorize: bearer(), restoreLimit: snapshot.length } })
  t.match((await upload(fits, snapshot)).body, { restored: 300 })
})

t.test('what is not uploaded as a snapshot is not looked at', async t => {
  const { app } = await sealed(t)
  const post = async (headers: Record<string, string>, payload?: string): Promise<number> => {
    const options = { headers: { authorization, ...headers }, ...(payload !== undefined && { payload }) }
    return (await ask(app, 'POST', '/mcp-sessions/restore', options)).status
  }
  t.equal(await post({}), 415)
  t.equal(await post({ 'content-type': 'application/json' }, '{}'), 415)
  t.equal(await post({ 'content-type': 'multipart/form-data; boundary=x' }, '--x--'), 415)
})

t.test('whoever goes away in the middle of an upload leaves what was complete', async t => {
  const from = await sealed(t)
  for (let n = 0; n < 300; n++) await from.app.mcpSessions.create()
  const snapshot = await download(from)
  const to = await sealed(t)
  const upload = request(new URL('/mcp-sessions/restore', to.url), {
    method: 'POST', headers: { authorization, 'content-type': NDJSON }
  })
  upload.on('error', () => {})
  upload.write(snapshot.slice(0, -10_000))
  while (await to.app.mcpSessions.count() < 100) await new Promise(setImmediate)
  const closed = new Promise(resolve => upload.once('close', resolve))
  upload.destroy()
  await closed
  const count = await to.app.mcpSessions.count()
  t.ok(count >= 100 && count < 300, `${count}`)
  t.match((await ask(to.app, 'GET', '/mcp-sessions')).status, 200)
})

t.test('a backend that goes away in the middle breaks an export off, which its reader can see', async t => {
  const backend = memory()
  const { app, url } = await startAdmin(t, { keys: k1, backend })
  for (let n = 0; n < 300; n++) await app.mcpSessions.create()
  const { list } = backend.records
  let pages = 0
  backend.records.list = async query =>
    await (++pages === 2 ? Promise.reject(new Error('gone')) : list.call(backend.records, query))
  const broke = new Promise<{ error: unknown }>(resolve => app.mcpSessions.on('snapshotExportFailed', resolve))
  await t.rejects(async () => {
    const response = await fetch(new URL('/mcp-sessions/export', url), { headers: { authorization } })
    await response.text()
  })
  t.match(await broke, { error: { code: 'HOLDFAST_BACKEND_UNAVAILABLE' } })
})

t.test('a reader that stalls holds up neither memory nor snapshots nor the end of the app', async t => {
  const exported: string[] = []
  const snapshot = {
    read: () => undefined,
    write: async (stream: Readable) => { for await (const chunk of stream) exported.push(String(chunk)) },
    mayRevive: true
  }
  const started = await startAdmin(t, { keys: k1, snapshot }, { fastify: { forceCloseConnections: false } })
  const { app, url } = started
  for (let n = 0; n < 3_000; n++) await app.mcpSessions.create({ data: { text: 'x'.repeat(8_000) } })
  const listed = { pages: 0 }
  const { records } = app.mcpSessions.vault.backend
  const { list } = records
  records.list = async query => {
    listed.pages++
    return await list.call(records, query)
  }
  const socket = connect(Number(url.port), url.hostname)
  t.teardown(() => { socket.destroy() })
  socket.pause()
  socket.write(`GET /mcp-sessions/export HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: ${authorization}\r\n\r\n`)
  for (let before = 0; before === 0 || before !== listed.pages;) {
    before = listed.pages
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.ok(listed.pages < 30, `${listed.pages} pages of 30 were read for a reader of none`)
  await app.mcpSessions.exportSessionState()
  t.ok(exported.length > 0)
  await app.close()
})
