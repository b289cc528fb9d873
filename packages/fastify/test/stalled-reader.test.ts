import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { memory } from '@holdfast/memory'
import t from 'tap'
import { allEvents } from '@holdfast/clients/events'
import { RawClient, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { type Call, say, serving } from './fixtures/tools.js'

const EVENTS = 400
const text = 'x'.repeat(50_000)
const all = Array.from({ length: EVENTS }, (_, index) => index + 1)
const numbers = (events: Array<{ message?: any }>): number[] =>
  events.flatMap(({ message }) => message?.params?.data?.number ?? [])

async function shout (call: Call): Promise<string> {
  for (const number of all) await say(call, { number, text })
  return 'done'
}

interface Stalled {
  heard: string
  written: number
}

/**
 * Sends a call, reads the beginning of its answer and then nothing. Resolves when the server has cut the connection, to
 * the text that was read and the number of bytes that the server had written.
 */
async function stall (app: FastifyInstance, { url, headers }: RawClient, body: unknown): Promise<Stalled> {
  const json = JSON.stringify(body)
  const all = { host: url.host, ...headers, 'content-type': 'application/json', 'content-length': json.length }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  let heard = ''
  const callback = (size: number, buffer: Uint8Array): boolean => {
    heard += Buffer.from(buffer.subarray(0, size)).toString()
    return false
  }
  const written = new Promise<number>(resolve => {
    app.server.once('connection', socket => socket.once('close', () => resolve(socket.bytesWritten)))
  })
  const onread = { buffer: Buffer.alloc(4096), callback }
  const socket = connect({ port: Number(url.port), host: url.hostname, onread })
  socket.write(`POST ${url.pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${json}`)
  await written
  socket.destroy()
  return { heard, written: await written }
}

t.test('a reader that stalls is cut, costs little, and resumes with each event exactly once', async t => {
  const { url, app } = await start(t, {
    backend: memory({ maxStreamBytes: 64 * 2 ** 20 }),
    streams: { maxBuffered: 65_536 },
    createServer: serving({ shout })
  })
  const notices: unknown[] = []
  app.mcpSessions.on('limitReached', notice => { notices.push(notice) })
  const client = await RawClient.open(url)
  const { heard, written } = await stall(app, client, toolCall(1, 'shout'))
  t.ok(written < EVENTS * text.length / 2, `${written} bytes were written`)
  t.strictSame(notices, [{ limit: 'maxBuffered', owner: '', admitted: false }])
  const [, id] = /^id: (\S+)$/m.exec(heard) ?? []
  const rest = await allEvents(await client.resume(id as string))
  t.strictSame(numbers(rest), all)
  t.match(rest.at(-1), { message: { id: 1, result: {} } })
  t.equal(new Set(rest.map(({ id }) => id)).size, rest.length)
})

t.test('a reader that keeps up gets a burst in full, even one that no log can hold', async t => {
  const { url } = await start(t, { createServer: serving({ shout }) })
  const client = await RawClient.open(url)
  const heard = await allEvents(await client.start('shout'))
  t.strictSame(numbers(heard), all)
  t.match(heard.at(-1), { message: { id: 1, result: {} } })
})

t.test('messages that cannot be logged reach a reader that keeps up, and do not pile up for a stalled one', async t => {
  const backend = memory()
  const full = {
    streams: async () => [],
    heads: async () => [],
    importStream: async () => false,
    reseal: async () => false,
    append: async () => await Promise.reject(new Error('full')),
    readAfter: async () => undefined,
    delivered: async () => {},
    drop: async () => {}
  }
  const { url, app } = await start(t, {
    backend: { ...backend, events: full }, streams: { maxBuffered: 65_536 }, createServer: serving({ shout })
  })
  let failures = 0
  app.mcpSessions.on('error', () => { failures++ })
  app.mcpSessions.on('backendDown', () => { failures++ })
  const client = await RawClient.open(url)
  const heard = await allEvents(await client.start('shout'))
  t.strictSame(numbers(heard), all)
  t.notOk(heard.some(({ id, message }) => id !== undefined && message !== undefined), 'nobody can resume from them')
  t.ok(failures > 0)
  const { written } = await stall(app, client, toolCall(7, 'shout'))
  t.ok(written < EVENTS * text.length / 2, `${written} bytes were written`)
})
