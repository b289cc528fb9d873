import { once } from 'node:events'
import { type AddressInfo, type Socket, connect } from 'node:net'
import Fastify from 'fastify'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import t from 'tap'
import { memory } from '@holdfast/memory'
import holdfast from '../dist/index.js'
import { events, nextMessage } from '@holdfast/clients/events'
import { latch } from './fixtures/latch.js'
import { RawClient, initializeRequest, valueOf } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, say, serving } from './fixtures/tools.js'

function waiting (): { running: Promise<void>, gate: () => void, createServer: ReturnType<typeof serving> } {
  const [running, gate] = [latch(), latch()]
  let begun = 0
  const wait = async (call: Parameters<typeof say>[0]): Promise<string> => {
    if (call.args.say === true) await say(call, 'begun')
    if (++begun === 2) running.open()
    await gate.opened
    return 'done'
  }
  return { running: running.opened, gate: () => gate.open(), createServer: serving({ ...echo, wait }) }
}

t.test('an app that closes sends streams away, takes nothing new and lets calls finish', async t => {
  const { running, gate, createServer } = waiting()
  const backend = memory()
  const { url, app } = await start(t, {
    createServer, backend, shutdown: { timeout: '10s' }, streams: { standaloneRetry: '2s', after: '1h' }
  }, { fastify: { forceCloseConnections: false } })
  const client = await RawClient.open(url)
  const standalone = events(await client.get())
  await standalone.next()
  const stream = events(await client.start('wait', { say: true }))
  const { id } = await nextMessage(stream)
  const json = client.start('wait')
  await running
  const closing = app.close()
  t.match((await standalone.next()).value, { retry: '2000' }, 'come back')
  t.equal((await standalone.next()).done, true)
  t.equal((await client.post({ jsonrpc: '2.0', id: 9, method: 'ping' }).catch(() => ({ status: 503 }))).status, 503)
  gate()
  t.equal(valueOf(await (await json).json()), 'done')
  t.equal(valueOf((await nextMessage(stream)).message), 'done')
  await closing
  const { url: next } = await start(t, { createServer, backend })
  t.strictSame(await client.at(next).call('echo', { kept: true }), { kept: true }, 'the session goes on elsewhere')
  const resumed = await client.at(next).resume(id as string)
  t.equal(valueOf((await nextMessage(events(resumed))).message), 'done')
})

t.test('what still runs after shutdown.timeout is answered', async t => {
  const { running, createServer } = waiting()
  const fastify = { forceCloseConnections: false }
  const { url, app } = await start(t, { createServer, shutdown: { timeout: 30 } }, { fastify })
  const client = await RawClient.open(url)
  const stream = events(await client.start('wait', { say: true }))
  await nextMessage(stream)
  const json = client.start('wait')
  await running
  await app.close()
  const response = await json
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '1')
  t.match(await response.json(), { id: 2, error: { message: /interrupted/ } })
  t.match((await nextMessage(stream)).message, { id: 1, error: { message: /interrupted/ } })
  t.equal((await stream.next()).done, true)
})

t.test('an endpoint that drains answers 503 with JSON-RPC', async t => {
  const { running, gate, createServer } = waiting()
  const fastify = { return503OnClosing: false, forceCloseConnections: false }
  const { url, app } = await start(t, { createServer, shutdown: { timeout: '10s' } }, { fastify })
  const client = await RawClient.open(url)
  const calls = [client.call('wait'), client.call('wait')]
  await running
  const closing = app.close()
  const responses = await Promise.all([
    client.post({ jsonrpc: '2.0', id: 9, method: 'ping' }), client.get(), client.delete()
  ])
  for (const response of responses) {
    t.equal(response.status, 503)
    t.equal(response.headers.get('retry-after'), '1')
    t.match(await response.json(), { jsonrpc: '2.0', error: { message: /Shutting down/ } })
  }
  gate()
  t.strictSame(await Promise.all(calls), ['done', 'done'])
  await closing
})

t.test('a backend that was passed in is left open, and one of our own is closed', async t => {
  let closed = 0
  const backend = memory()
  const { app } = await start(t, { backend: { ...backend, close: async () => { closed++ } } })
  await app.close()
  t.equal(closed, 0)
  const own = await start(t)
  let heard = 0
  await own.app.mcpSessions.vault.backend.bus.subscribe('x', () => { heard++ })
  await own.app.close()
  await own.app.mcpSessions.vault.backend.bus.publish('x', new Uint8Array())
  t.equal(heard, 0)
})

t.test('connections on which nothing was asked do not hold up the end', async t => {
  const app = Fastify()
  const dial = async (): Promise<Socket> => {
    const accepted = once(app.server, 'connection')
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    await Promise.all([accepted, once(socket, 'connect')])
    return socket
  }
  await app.register(holdfast, { createServer: serving() })
  app.addHook('preClose', async () => { await once((await dial()).resume(), 'close') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const early = await dial()
  const gone = once(early, 'close')
  await app.close()
  t.ok(await gone)
})

t.test('an app with another closing hook that fails lets go of its servers', async t => {
  const [disposed, make] = [latch(), serving()]
  const app = Fastify()
  app.addHook('preClose', async () => { throw new Error('theirs') })
  await app.register(holdfast, {
    createServer: async (session, shared) => ({
      server: await make(session, shared) as McpServer, dispose: () => { disposed.open() }
    })
  })
  await app.ready()
  const headers = { accept: 'application/json, text/event-stream' }
  await app.inject({ method: 'POST', url: '/mcp', headers, payload: initializeRequest() })
  await t.rejects(app.close(), { message: 'theirs' })
  await disposed.opened
})

t.test('an app that never listened closes', async t => {
  const { app } = await start(t)
  await app.close()
  t.equal((await app.mcpSessions.vault.backend.presence.list()).length, 0)
})
