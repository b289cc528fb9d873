import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t, { type Test } from 'tap'
import Type from 'typebox'
import { type HoldfastOptions, type SnapshotStore, file } from '../dist/index.js'
import { allMessages, events, nextMessage } from '@holdfast/clients/events'
import { folder } from './fixtures/folder.js'
import { k1 } from './fixtures/keys.js'
import { latch } from './fixtures/latch.js'
import { Log } from './fixtures/log.js'
import { RawClient, valueOf } from './fixtures/raw-client.js'
import { type Started, start } from './fixtures/start.js'
import { type Call, type Tools, echo, elicit, say, serving } from './fixtures/tools.js'

const tools: Tools = {
  ...echo,
  count: async ({ session }) => (await session.update(data => { data.total = Number(data.total ?? 0) + 1 })).total,
  who: ({ session }) => [session.principal, session.context, session.activated],
  announce: async ({ server, args }) => {
    await server.server.sendLoggingMessage({ level: args.level ?? 'error', data: args.text })
  },
  log: async ({ server, session }) => {
    for (const level of ['info', 'error'] as const) await server.sendLoggingMessage({ level, data: level }, session.id)
  },
  ask: async call => await elicit(call, '?')
}

type Runs = (options?: Partial<HoldfastOptions>) => Promise<Started & { log: Log }>

/** Starts one application after the other on the same snapshot. */
async function runs (t: Test): Promise<{ path: string, run: Runs }> {
  const path = `${await folder(t)}/sessions`
  const run: Runs = async options => {
    const log = new Log()
    const defaults = { createServer: serving(tools), keys: k1, snapshot: file(path) }
    return { ...await start(t, { ...defaults, ...options }, { fastify: { logger: log.logger } }), log }
  }
  return { path, run }
}

t.test('sessions go on in the next process: what they keep, who they belong to, what the client said', async t => {
  const { path, run } = await runs(t)
  const subscribed: string[] = []
  const options: Partial<HoldfastOptions> = {
    principal: ({ headers }) => ({ subject: String(headers['x-user']) }),
    context: {
      schema: Type.Object({ apiKey: Type.String() }),
      resolve: ({ headers }) => ({ apiKey: `key of ${headers['x-user']}` })
    },
    createServer: (session, shared) => {
      const server = serving(tools)(session, shared) as McpServer
      server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
        subscribed.push(params.uri)
        return {}
      })
      return server
    }
  }
  const first = await run(options)
  const me = await RawClient.open(first.url, {
    headers: { 'x-user': 'me' }, capabilities: { elicitation: { form: {} } }
  })
  const you = await RawClient.open(first.url, { headers: { 'x-user': 'you' }, version: '2025-06-18' })
  t.equal(await me.call('count'), 1)
  t.equal(await me.call('count'), 2)
  t.equal(await you.call('count'), 1)
  await me.post({ jsonrpc: '2.0', id: 'level', method: 'logging/setLevel', params: { level: 'error' } })
  await me.post({ jsonrpc: '2.0', id: 'sub', method: 'resources/subscribe', params: { uri: 'test://one' } })
  const ended = await RawClient.open(first.url, { headers: { 'x-user': 'you' } })
  t.equal((await ended.delete()).status, 200)
  await first.app.close()
  t.match(first.log.saying('holdfast: a snapshot was written'), [{ exported: 2 }])
  t.equal((await stat(path)).mode & 0o777, 0o600)

  const second = await run(options)
  t.match(second.log.saying('holdfast: the snapshot was restored'), [{
    restored: 2, expired: 0, duplicate: 0, overLimit: 0
  }])
  const [mine, yours] = [me.at(second.url), you.at(second.url)]
  t.equal(await mine.call('count'), 3)
  t.equal(await yours.call('count'), 2)
  t.strictSame(await mine.call('who'), [{ subject: 'me' }, { apiKey: 'key of me' }, true])
  t.strictSame(subscribed, ['test://one', 'test://one'])
  t.equal((await mine.at(second.url, { 'x-user': 'you' }).start('echo')).status, 404, 'still nobody else\'s')
  t.equal((await ended.at(second.url).start('echo')).status, 404)
  const asked = events(await mine.start('ask'))
  const { message } = await nextMessage(asked)
  t.equal((await mine.post({ jsonrpc: '2.0', id: message.id, result: { action: 'accept', content: {} } })).status, 202)
  t.match(valueOf((await nextMessage(asked)).message), { action: 'accept' }, 'it knows that its client can be asked')
  const standalone = events(await mine.get())
  await standalone.next()
  await mine.call('log')
  t.equal((await nextMessage(standalone)).message.params.data, 'error', 'the log level is as it was')
  await standalone.return()
})

t.test('open streams resume in the next process, each message once', async t => {
  const { run } = await runs(t)
  const first = await run()
  const client = await RawClient.open(first.url)
  const stream = events(await client.get())
  await stream.next()
  await client.call('announce', { text: 1 })
  const { id } = await nextMessage(stream)
  await stream.return()
  await client.call('announce', { text: 2 })
  await first.app.close()
  const second = await run()
  const there = client.at(second.url)
  const resumed = events(await there.resume(id as string))
  t.equal((await nextMessage(resumed)).message.params.data, 2, 'what it missed')
  await there.call('announce', { text: 3 })
  t.equal((await nextMessage(resumed)).message.params.data, 3)
  await resumed.return()
  await second.app.close()
  const third = await run()
  const anew = events(await client.at(third.url).get())
  await anew.next()
  await client.at(third.url).call('announce', { text: 4 })
  t.equal((await nextMessage(anew)).message.params.data, 4, 'nothing comes twice')
  await anew.return()
})

t.test('a call that the end of its process cut off resumes to an error', async t => {
  const { run } = await runs(t)
  const hang = async (call: Call): Promise<void> => {
    await say(call, 'begun')
    await new Promise(() => {})
  }
  const hanging = { createServer: serving({ ...tools, hang }) }
  const first = await run(hanging)
  const client = await RawClient.open(first.url)
  const away = new AbortController()
  const { id } = await nextMessage(events(await client.start('hang', {}, away.signal)))
  away.abort()
  await first.app.close()
  const second = await run(hanging)
  const there = client.at(second.url)
  t.match(await allMessages(await there.resume(id as string)), [{ id: 1, error: { message: /interrupted/ } }])
  t.strictSame(await there.call('echo', { fine: true }), { fine: true })
})

t.test('ten restarts lose nothing, and nothing grows', async t => {
  const { path, run } = await runs(t)
  const clients: RawClient[] = []
  const sizes: number[] = []
  for (let round = 1; round <= 10; round++) {
    const { url, app } = await run()
    while (clients.length < 5) clients.push(await RawClient.open(url))
    const counts = await Promise.all(clients.map(async client => await client.at(url).call('count')))
    t.strictSame(counts, Array.from({ length: 5 }, () => round))
    await (await RawClient.open(url)).delete()
    await app.close()
    sizes.push((await stat(path)).size)
  }
  t.ok(Math.max(...sizes) - Math.min(...sizes) < 100, sizes.join())
  const left = (await readdir(path.replace('/sessions', ''))).sort()
  t.strictSame(left, ['sessions', 'sessions.ended'], 'ends stay noted for minutes')
})

t.test('with `every`, a process that dies without a word loses only what came after the last export', async t => {
  const { path, run } = await runs(t)
  const first = await run({ snapshot: file(path, { every: 10 }) })
  const client = await RawClient.open(first.url)
  await client.call('count')
  await first.log.hears('holdfast: a snapshot was written')
  const { exported } = await first.log.hears('holdfast: a snapshot was written')
  t.equal(exported, 1)
  const second = await run()
  t.equal(await client.at(second.url).call('count'), 2)
})

t.test('a session that ended after the last export stays ended, although its process died', async t => {
  const { run } = await runs(t)
  const principal: Partial<HoldfastOptions> = { principal: ({ headers }) => ({ subject: String(headers['x-user']) }) }
  const first = await run(principal)
  const open = async (user: string): Promise<RawClient> =>
    await RawClient.open(first.url, { headers: { 'x-user': user } })
  const [deleted, all, also, kept] = [await open('a'), await open('b'), await open('b'), await open('c')]
  await first.app.mcpSessions.exportSessionState()
  t.equal((await deleted.delete()).status, 200)
  t.equal(await first.app.mcpSessions.terminateAll({ principal: { subject: 'b' } }), 2)
  for (let crash = 0; crash < 2; crash++) {
    const { url, log } = await run(principal)
    t.match(log.saying('holdfast: the snapshot was restored'), [{ restored: 1, duplicate: 3 }])
    for (const client of [deleted, all, also]) t.equal((await client.at(url).start('echo')).status, 404)
    t.strictSame(await kept.at(url).call('echo', {}), {})
  }
})

t.test('a session whose context no longer matches is not restored, and that is said', async t => {
  const { run } = await runs(t)
  const before = await run({
    context: {
      schema: Type.Object({ apiKey: Type.String() }),
      resolve: ({ headers }) => ({
        apiKey: 'canary', ...(headers['x-new'] !== undefined && { region: 'canary-eu' })
      })
    }
  })
  const old = await RawClient.open(before.url)
  const fit = await RawClient.open(before.url, { headers: { 'x-new': '1' } })
  await before.app.close()
  const after = await run({
    context: {
      schema: Type.Object({ apiKey: Type.String(), region: Type.String() }),
      resolve: () => ({ apiKey: 'x', region: 'y' })
    }
  })
  const [line] = after.log.saying('holdfast: the snapshot was not restored completely')
  t.match(line, { restored: 1, lines: 1, invalid: [{ line: Number, reason: /context/ }] })
  t.notMatch(after.log.text.join(''), 'canary')
  t.equal((await old.at(after.url).start('echo')).status, 404)
  t.strictSame(await fit.at(after.url).call('echo', {}), {})
})

t.test('a damaged line costs its session only, and a copy of the file is kept', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  const clients = [await RawClient.open(first.url), await RawClient.open(first.url), await RawClient.open(first.url)]
  await first.app.close()
  const lines = (await readFile(path, 'utf8')).split('\n')
  const at = lines.findIndex((line, n) => n > 1 && line.startsWith('{"record"'))
  lines[at] = (lines[at] as string).replace(/"body":"(.)/, (_, first: string) => `"body":"${first === 'A' ? 'B' : 'A'}`)
  const damaged = lines.join('\n')
  await writeFile(path, damaged)
  const second = await run()
  t.match(second.log.saying('holdfast: the snapshot was not restored completely'), [{
    restored: 2, invalid: [{ line: at + 1, reason: /altered/ }, {}]
  }])
  const statuses = await Promise.all(clients.map(async client => (await client.at(second.url).start('echo')).status))
  t.strictSame(statuses.sort(), [200, 200, 404])
  await second.app.close()
  const kept = (await readdir(path.replace('/sessions', ''))).filter(name => name.includes('.kept-'))
  t.equal(kept.length, 1)
  t.equal(await readFile(path.replace('sessions', kept[0] as string), 'utf8'), damaged)
})

t.test('sessions for which there is no room are reported, and a copy of the file is kept', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  for (let i = 0; i < 3; i++) await RawClient.open(first.url)
  await first.app.close()
  const whole = await readFile(path)
  const second = await run({ limits: { maxSessions: 2 } })
  t.match(second.log.saying('holdfast: the snapshot was not restored completely'), [{
    restored: 2, overLimit: 1, lines: 0
  }])
  await second.app.close()
  const [kept] = (await readdir(dirname(path))).filter(name => name.includes('.kept-'))
  t.strictSame(await readFile(join(dirname(path), String(kept))), whole)
})

t.test('an app that never became ready leaves the snapshot as it was', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  const client = await RawClient.open(first.url)
  await first.app.close()
  const before = await readFile(path)
  const failing = start(t, { createServer: serving(tools), keys: k1, snapshot: file(path) }, {
    before: app => { app.addHook('onReady', async () => { throw new Error('the database is down') }) }
  })
  await t.rejects(failing, /database/)
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  const { default: holdfast } = await import('../dist/index.js')
  app.addHook('onReady', async () => { throw new Error('the database is down') })
  await app.register(holdfast, { createServer: serving(tools), keys: k1, snapshot: file(path) })
  await t.rejects(async () => await app.ready(), /database/)
  await app.close()
  t.strictSame(await readFile(path), before)
  t.strictSame(await client.at((await run()).url).call('echo', {}), {})
})

t.test('a snapshot that cannot be read leaves unknown ids open until it can', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  const client = await RawClient.open(first.url)
  await first.app.close()
  let broken = true
  const whole = file(path)
  const half = async function * (): AsyncGenerator<string> {
    yield '{"holdfast":'
    throw new Error('EIO')
  }
  const read: SnapshotStore['read'] = () => broken ? Readable.from(half()) : whole.read()
  const flaky: SnapshotStore = { ...whole, every: 10, read }
  const second = await run({ snapshot: flaky })
  t.match(second.log.saying('holdfast: the snapshot could not be read'), [{
    err: { code: 'HOLDFAST_SNAPSHOT_FAILED' }
  }])
  const there = client.at(second.url)
  for (const response of [await there.start('echo'), await there.get(), await there.delete()]) {
    t.equal(response.status, 503)
    t.equal(response.headers.get('retry-after'), '5')
    t.match(await response.json(), { jsonrpc: '2.0', error: { code: -32000 } })
  }
  const fresh = await RawClient.open(second.url)
  t.equal(await fresh.call('count'), 1, 'new sessions begin')
  broken = false
  await second.log.hears('holdfast: the snapshot was restored')
  t.equal(await there.call('count'), 1)
  await second.app.close()
  t.equal(second.log.saying('holdfast: the snapshot could not be read').length, 1, 'said once')
  const third = await run()
  t.equal(await fresh.at(third.url).call('count'), 2)
  t.equal(await client.at(third.url).call('count'), 2)
})

t.test('a snapshot that turns out to be damaged when it can be read at last is reported then', async t => {
  let broken = true
  const { run } = await runs(t)
  const { log, url } = await run({
    snapshot: {
      every: 10,
      write: async stream => { for await (const chunk of stream) void chunk },
      mayRevive: true,
      read: () => {
        if (broken) throw new Error('EIO')
        return Readable.from(['noise\n'])
      }
    }
  })
  t.equal(log.saying('holdfast: the snapshot could not be read').length, 1)
  broken = false
  t.match(await log.hears('holdfast: the snapshot was not restored completely'), {
    restored: 0, invalid: [{ line: 1 }]
  })
  t.equal((await stranger(url).start('echo')).status, 404)
})

/** A client with an id that is of no session. */
function stranger (url: URL): RawClient {
  return new RawClient(url, { accept: 'application/json, text/event-stream', 'mcp-session-id': 'x' })
}
t.test('a folder in the place of the file: the app runs, and says at its end that nothing was written', async t => {
  const path = await folder(t)
  const log = new Log()
  const { url, app } = await start(t, { keys: k1, snapshot: file(path) }, { fastify: { logger: log.logger } })
  t.equal(log.saying('holdfast: the snapshot could not be read').length, 1)
  t.equal((await stranger(url).start('echo')).status, 503)
  t.strictSame(await (await RawClient.open(url)).call('echo', {}), {})
  await t.rejects(app.close(), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  t.equal(log.saying('holdfast: the snapshot could not be written').length, 1)
})

t.test('an export that fails at the end is an error of close, and the old snapshot is whole', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  const client = await RawClient.open(first.url)
  await client.call('count')
  await first.app.close()
  const before = await readFile(path)
  const whole = file(path)
  const half = async function * (): AsyncGenerator<Buffer> {
    yield Buffer.from('half of it')
    throw new Error('ENOSPC')
  }
  const full: SnapshotStore = { ...whole, write: async () => { await whole.write(Readable.from(half())) } }
  const second = await run({ snapshot: full })
  await client.at(second.url).call('count')
  await t.rejects(second.app.close(), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  t.match(second.log.saying('holdfast: the snapshot could not be written'), [{
    err: { code: 'HOLDFAST_SNAPSHOT_FAILED' }
  }])
  t.strictSame(await readFile(path), before)
  t.equal(await client.at((await run()).url).call('count'), 2)
})

t.test('a failed export is tried again at the next interval', async t => {
  const { path, run } = await runs(t)
  let fail = true
  const whole = file(path)
  const write: SnapshotStore['write'] = async stream => {
    if (fail) throw new Error('EIO')
    await whole.write(stream)
  }
  const { log } = await run({ snapshot: { ...whole, every: 10, write } })
  await log.hears('holdfast: the snapshot could not be written')
  fail = false
  await log.hears('holdfast: a snapshot was written')
})

t.test('a snapshot that takes long to read comes back while the app runs already', async t => {
  const { path, run } = await runs(t)
  const first = await run()
  const client = await RawClient.open(first.url)
  await first.app.close()
  const gate = latch()
  const whole = file(path)
  const slow: SnapshotStore = { ...whole, read: async () => { await gate.opened; return await whole.read() } }
  const second = await run({ snapshot: slow })
  t.equal((await client.at(second.url).start('echo')).status, 503)
  const restored = second.log.hears('holdfast: the snapshot was restored')
  gate.open()
  await restored
  t.strictSame(await client.at(second.url).call('echo', {}), {})
})

t.test('a change after the last export has begun is exported as well; without one there is one export', async t => {
  for (const changed of [true, false]) {
    const [begun, gate] = [latch(), latch()]
    const written: string[] = []
    const write = async (stream: AsyncIterable<unknown>): Promise<void> => {
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      written.push(text.replace(/"body":"([^"]*)"/g, (_, body: string) => Buffer.from(body, 'base64url').toString()))
      begun.open()
      await gate.opened
    }
    const { app } = await start(t, { encryption: 'none', snapshot: { read: () => undefined, write, mayRevive: true } })
    await app.mcpSessions.create({ data: { name: 'before' } })
    const closing = app.close()
    await begun.opened
    if (changed) await app.mcpSessions.create({ data: { name: 'after' } })
    gate.open()
    await closing
    t.equal(written.length, changed ? 2 : 1)
    t.match(written.at(-1), changed ? /after/ : /before/)
  }
})

t.test('the export does not wait for connections, nor does its failure get lost', async t => {
  const exported = latch()
  const write = async (stream: AsyncIterable<unknown>): Promise<void> => {
    for await (const chunk of stream) String(chunk)
    exported.open()
    throw new Error('the disk is full')
  }
  const [running, gate] = [latch(), latch()]
  const snapshot = { read: () => undefined, write, mayRevive: true }
  const { app, url } = await start(t, { encryption: 'none', snapshot }, {
    fastify: { forceCloseConnections: false },
    before: app => { app.get('/slow', async () => { running.open(); await gate.opened; return 'done' }) }
  })
  const slow = fetch(new URL('/slow', url))
  await running.opened
  const closed = t.rejects(app.close(), { code: 'HOLDFAST_SNAPSHOT_FAILED' })
  await exported.opened
  gate.open()
  t.equal(await (await slow).text(), 'done')
  await closed
})

t.test('a snapshot that cannot be read holds up the end for five seconds, and is not replaced', async t => {
  const log = new Log()
  let written = 0
  const read = async function * (): AsyncGenerator<string> { await new Promise(() => {}) }
  const write = async (): Promise<void> => { written++ }
  const snapshot = { read, write, patience: 60_000, mayRevive: true }
  const { app } = await start(t, { encryption: 'none', snapshot }, { fastify: { logger: log.logger } })
  const began = performance.now()
  await t.rejects(app.close(), { code: 'HOLDFAST_SNAPSHOT_FAILED', message: /not replaced/ })
  // Twice the patience of a restore, which it took before, is two minutes.
  t.ok(performance.now() - began < 30_000)
  t.equal(log.saying('holdfast: the snapshot could not be written').length, 1)
  t.equal(written, 0)
})
