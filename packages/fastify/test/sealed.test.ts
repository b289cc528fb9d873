import { randomBytes } from 'node:crypto'
import type { Backend, StoredRecord } from '@holdfast/core'
import { Envelope } from '@holdfast/envelope'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { k1, k2, keyring } from './fixtures/keys.js'
import { Log } from './fixtures/log.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, elicit, say, serving } from './fixtures/tools.js'

/** Everything that a backend is handed from now on, as text. */
function spy (backend: Backend): string[] {
  const seen: string[] = []
  const show = (value: unknown): string => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
    if (typeof value !== 'object' || value === null) return String(value)
    return Object.entries(value).map(([name, part]) => `${name} ${show(part)}`).join('\n')
  }
  for (const part of [backend.records, backend.events, backend.bus, backend.presence] as any[]) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(part))) {
      if (name === 'constructor' || typeof part[name] !== 'function') continue
      const method = part[name].bind(part)
      part[name] = (...given: unknown[]) => {
        seen.push(`${name} ${given.map(show).join('\n')}`)
        return method(...given)
      }
    }
  }
  return seen
}

/** Changes what the backend says of one session, as somebody who can write to the storage does. */
function forging (backend: Backend, key: string): { body: Uint8Array | undefined } {
  const forged: { body: Uint8Array | undefined } = { body: undefined }
  const { touch } = backend.records
  backend.records.touch = async (asked, version) => {
    const found = await touch.call(backend.records, asked, version)
    if (asked !== key || typeof found !== 'object' || forged.body === undefined) return found
    return { ...found, body: forged.body }
  }
  return forged
}

async function records (backend: Backend): Promise<StoredRecord[]> {
  return (await backend.records.list({ limit: 10 })).records
}

async function seen (response: Response): Promise<unknown> {
  const headers = Object.fromEntries(response.headers)
  delete headers.date
  return { status: response.status, headers, body: await response.text() }
}

t.test('a backend gets no readable id, token, context, data, name, argument or answer', async t => {
  const backend = memory()
  const handed = spy(backend)
  const options = {
    backend,
    keys: k1,
    heartbeat: 100,
    principal: () => ({ issuer: 'canary-issuer', subject: 'canary-subject' }),
    authInfo: () => ({ token: 'canary-token', clientId: 'canary-client', scopes: [] }),
    context: { resolve: () => ({ apiKey: 'canary-context' }) },
    createServer: serving({
      ...echo,
      keep: async ({ session }) => (await session.update(data => { data.secret = 'canary-data' })).secret,
      talk: async call => { await say(call, 'canary-message'); return 'canary-result' },
      announce: async ({ server }) => {
        await server.server.sendLoggingMessage({ level: 'info', data: 'canary-announcement' })
      },
      ask: async call => await elicit(call, 'canary-question')
    })
  }
  const [a, b] = [await start(t, options), await start(t, options)]
  const client = await RawClient.open(a.url, {
    capabilities: { elicitation: { form: {} }, experimental: { 'canary-capability': {} } }
  })
  t.equal(await client.call('keep'), 'canary-data')
  t.equal(await client.call('talk'), 'canary-result')
  await client.call('announce')
  const stream = events(await client.start('ask'))
  const { message } = await nextMessage(stream)
  const result = { action: 'accept', content: { answer: 'canary-answer' } }
  await client.at(b.url).post({ jsonrpc: '2.0', id: message.id, result })
  t.match(valueOf((await nextMessage(stream)).message), { content: { answer: 'canary-answer' } })
  await client.at(b.url).notify('notifications/cancelled', { requestId: 99, reason: 'canary-reason' })
  for (const operation of ['create', 'replace', 'append', 'publish']) {
    t.ok(handed.some(call => call.startsWith(`${operation} `)), operation)
  }
  const text = handed.join('\n')
  for (const secret of ['canary', client.id, 'clientInfo', 'elicitation']) {
    t.equal(handed.find(call => call.includes(secret)), undefined, secret)
  }
  for (const encoding of ['base64', 'base64url', 'hex'] as const) {
    t.notOk(text.includes(Buffer.from('canary-context').toString(encoding).slice(0, 16)), encoding)
  }
})

t.test('a body that does not belong there is a 404 like any other, is reported, and stays', async t => {
  const backend = memory()
  const log = new Log()
  const { app, url: origin } = await start(t, { backend, keys: keyring(k1) })
  const [client, other] = [await RawClient.open(origin), await RawClient.open(origin)]
  const [mine, others] = await records(backend) as [StoredRecord, StoredRecord]
  t.ok(client && other)
  const sealed = new Envelope(keyring(k1))
  const plaintext = await sealed.open(mine.body, ['mcp', 'session', mine.key, '1'])
  const flip = (at: number): Uint8Array => mine.body.map((byte, n) => n === at ? byte ^ 1 : byte)
  const owner = (await app.mcpSessions.get({ id: client.id, principal: null }))?.key === mine.key ? client : other
  const bodies: Record<string, Uint8Array> = {
    'of another session': others.body,
    'of another kind': await sealed.seal(plaintext, ['mcp', 'event', mine.key, '1']),
    'of another namespace': await sealed.seal(plaintext, ['mcp2', 'session', mine.key, '1']),
    'of another schema': await sealed.seal(plaintext, ['mcp', 'session', mine.key, '2']),
    'in which fields were shifted': await sealed.seal(plaintext, ['mcp', `session${mine.key}`, '', '1']),
    'under another key with the same id': await new Envelope(keyring(k2.replace('k2', 'k1')))
      .seal(plaintext, ['mcp', 'session', mine.key, '1']),
    'without a seal': plaintext,
    'in the format of n8n-mcp': Buffer.from(
      ['iv', 'authTag', 'ciphertext'].map(part => Buffer.from(part).toString('base64')).join(':')
    ),
    'with a version to come': mine.body.map((byte, n) => n === 0 ? 2 : byte),
    'with nothing in it': new Uint8Array(0),
    'that is cut': mine.body.subarray(0, -1),
    'that says nothing of a session': await sealed.seal(Buffer.from('{"canary":1}'), ['mcp', 'session', mine.key, '1'])
  }
  for (const at of [6, 20, 50, mine.body.length - 20, mine.body.length - 1]) {
    bodies[`with a bit flipped at ${at}`] = flip(at)
  }
  const forged = forging(backend, mine.key)
  const { app: replica, url } = await start(t, { backend, keys: keyring(k1) }, { fastify: { logger: log.logger } })
  const reports: any[] = []
  replica.mcpSessions.on('unreadable', report => { reports.push(report) })
  const here = owner.at(url)
  const noSuch = here.at(url, { 'mcp-session-id': randomBytes(32).toString('base64url') })
  const unknown = await seen(await noSuch.post(toolCall(5, 'echo')))
  for (const [name, body] of Object.entries(bodies)) {
    forged.body = body
    t.strictSame(await seen(await here.post(toolCall(5, 'echo'))), unknown, `a body ${name}`)
    const label = mine.key.split('.')[1]?.slice(0, 8)
    t.match(reports.splice(0), [{ label, error: { code: 'HOLDFAST_INVALID_STATE' } }], name)
  }
  t.equal(log.saying('holdfast: a stored session cannot be opened').length, Object.keys(bodies).length)
  t.notMatch(log.text.join(''), 'canary')
  forged.body = await sealed.seal(plaintext, ['mcp', 'session', mine.key, '1'])
  t.strictSame(await here.call('echo', { fine: true }), { fine: true }, 'one that belongs there does')
})

t.test('under a key that is not here a session answers 503 until the key is, and under a revoked one 404', async t => {
  const backend = memory()
  const createServer = serving({
    ...echo,
    talk: async call => {
      await say(call, 1)
      return 2
    }
  })
  const old = await start(t, { backend, keys: k1, createServer })
  const client = await RawClient.open(old.url)
  const stream = await allMessages(await client.start('talk'))
  t.equal(stream.length, 2)
  const events = (await backend.events.streams((await records(backend)).map(({ key }) => key)))
  const keys = keyring(k2)
  const { url, app } = await start(t, { backend, keys })
  const here = client.at(url)
  for (const response of [await here.start('echo'), await here.get(), await here.resume(`${events[0]?.name}.1`)]) {
    t.equal(response.status, 503)
    t.equal(response.headers.get('retry-after'), '5')
    t.match(await response.json(), { error: { message: /try again/ } })
  }
  t.equal(await app.mcpSessions.count(), 1)
  t.match(await app.mcpSessions.list(), { sessions: [{ state: undefined }] }, 'it is listed, unread')
  keys.replace([k2, k1].join())
  t.strictSame(await here.call('echo', { fine: true }), { fine: true })
  t.match(await allMessages(await here.resume(`${events[0]?.name}.1`)), [stream[1]])
  keys.replace(`${k2},${k1}:revoked`)
  const after = await start(t, { backend, keys })
  t.equal((await client.at(after.url).start('echo')).status, 404)
  t.equal(await app.mcpSessions.count(), 1, 'and stays')
})

t.test('an event that cannot be opened is a lost event: its call hears so, and the session goes on', async t => {
  const backend = memory()
  const { url, app } = await start(t, {
    backend,
    keys: k1,
    createServer: serving({
      ...echo,
      talk: async call => { for (const n of [1, 2, 3]) await say(call, n); return 'done' },
      announce: async ({ server, args }) => {
        await server.server.sendLoggingMessage({ level: 'info', data: args.text })
      }
    })
  })
  const client = await RawClient.open(url)
  const heard = []
  const stream = events(await client.start('talk'))
  for (let n = 0; n < 4; n++) heard.push(await nextMessage(stream))
  for (const text of ['one', 'two', 'three']) await client.call('announce', { text })
  const { readAfter } = backend.events
  let damaged = 2
  let part: 'body' | 'head' = 'body'
  backend.events.readAfter = async (...given) => {
    const page = await readAfter.apply(backend.events, given)
    if (page === undefined) return page
    if (part === 'head') return { ...page, head: page.head.map(byte => byte ^ 1) }
    const altered = (body: Uint8Array): Uint8Array => body.map((byte, n) => n === 60 ? byte ^ 1 : byte)
    const entries = page.entries.map(entry =>
      entry.position === damaged ? { ...entry, body: altered(entry.body) } : entry)
    return { ...page, entries }
  }
  const kinds: string[] = []
  app.mcpSessions.on('unreadable', ({ kind }) => { kinds.push(kind) })
  const name = String(heard[0]?.id).replace(/\d+$/, '')
  t.match(await allMessages(await client.resume(`${name}1`)), [{ id: 1, error: { message: /lost/ } }])
  const lost = { id: 1, error: { message: /lost/ } }
  const before = await allMessages(await client.resume(`${name}0`))
  t.match(before, [heard[0]?.message, lost], 'what comes before it is there')
  t.match((await allMessages(await client.resume(`${name}2`))).length, 2, 'and what comes after it')
  t.strictSame([...new Set(kinds)], ['event'])
  const standalone = events(await client.get())
  t.equal((await nextMessage(standalone)).message.params.data, 'one')
  t.equal((await nextMessage(standalone)).message.params.data, 'three')
  await standalone.return()
  part = 'head'
  const rest = [heard[1]?.message, heard[2]?.message, heard[3]?.message]
  t.match(await allMessages(await client.resume(`${name}1`)), rest, 'the head is only needed for errors')
  damaged = 0
  part = 'body'
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})
