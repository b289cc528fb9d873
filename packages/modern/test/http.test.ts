import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import t, { type Test } from 'tap'
import type { ModernEndpointOptions } from '../dist/index.js'
import { Front } from './fixtures/endpoint.js'
import { Gate, eventually, turns } from '@holdfast/waiting'
import { serve } from './fixtures/http.js'
import { type Sent, sent } from './fixtures/requests.js'

async function start (t: Test, options: Partial<ModernEndpointOptions> = {}): Promise<{ front: Front, url: string }> {
  const front = new Front({ legacy: false, ...options })
  const { server, url } = await serve(front.endpoint)
  t.teardown(async () => {
    await front.endpoint.close()
    server.closeAllConnections()
    server.close()
  })
  return { front, url }
}

async function post (url: string, request: Sent = {}, signal?: AbortSignal): Promise<Response> {
  const { body, headers } = sent(request)
  return await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers as Record<string, string> },
    body: JSON.stringify(body),
    ...(signal !== undefined && { signal })
  })
}

const progress: any = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }

t.test('a call is answered, and other methods are not allowed', async (t) => {
  const { url } = await start(t)
  const answered = await post(url, { id: 5 })
  t.match(await answered.json(), { id: 5, result: { resultType: 'complete' } })
  const got = await fetch(url, { headers: { 'mcp-session-id': 'x' } })
  t.equal(got.status, 405)
  t.equal(got.headers.get('allow'), 'POST')
})

t.test('a client that closes its connection before there is an answer cancels the call', async (t) => {
  const { front, url } = await start(t)
  front.server.script = () => {}
  const controller = new AbortController()
  const answer = post(url, {}, controller.signal)
  await eventually(() => front.server.served.length === 1)
  controller.abort()
  await t.rejects(answer)
  await eventually(() => front.server.cancelled.length === 1)
  t.match(front.server.cancelled, [{ reason: 'gone', wasOver: true }])
  t.equal(front.endpoint.runningCalls, 0)
})

t.test('a client that closes its stream cancels the call; one that has read it all does not', async (t) => {
  const { front, url } = await start(t)
  const gate = new Gate()
  front.server.script = async call => {
    call.notify(progress)
    await gate.passed
    call.end({ result: { done: true } })
  }
  const controller = new AbortController()
  const cancelled = await post(url, { meta: { progressToken: 1 } }, controller.signal)
  t.equal(cancelled.headers.get('content-type'), 'text/event-stream')
  const complete = await post(url, { meta: { progressToken: 1 } })
  controller.abort()
  await t.rejects(cancelled.text())
  await eventually(() => front.server.cancelled.length === 1)
  gate.open()
  t.match(await complete.text(), /event: message\ndata: .*progress.*\n\nevent: message\ndata: .*"done":true.*\n\n$/s)
  await eventually(() => front.endpoint.openStreams === 0)
  t.equal(front.server.cancelled.length, 1)
  t.same(front.ends.map(([, how]) => how), ['gone', 'result'])
})

t.test('a client that does not read its stream is cut', async (t) => {
  const { front, url } = await start(t, { maxBuffered: 65_536, stallTimeout: 200, keepAlive: 60_000 })
  front.server.script = () => {}
  const socket = await opened(url, { meta: { progressToken: 1 } })
  t.teardown(() => socket.destroy())
  await eventually(() => front.server.served.length === 1)
  const [call] = front.server.served
  const text = 'x'.repeat(16_384)
  // As much as the kernel buffers, and then some.
  for (let value = 0; call?.isOver === false; value++) {
    call.notify({ ...progress, params: { progressToken: 1, progress: value, message: text } })
    await new Promise(resolve => setImmediate(resolve))
  }
  t.same(front.ends, [['tools/call', 'cut']])
  t.equal(front.endpoint.openStreams, 0)
})

t.test('an event that is sent in pieces arrives whole, whatever its characters', async (t) => {
  const { front, url } = await start(t, { responseMode: 'sse' })
  for (const text of ['', 'x'].map(start => start + '\u{1f310}'.repeat(50_000))) {
    front.server.script = async call => {
      await turns()
      call.end({ result: { text } })
    }
    const [, data = ''] = /\ndata: (.*)\n\n$/.exec(await (await post(url)).text()) ?? []
    t.ok(JSON.parse(data).result.text === text)
  }
})

t.test('closing the endpoint ends streams for their clients, too', async (t) => {
  const { front, url } = await start(t)
  front.server.script = call => call.notify(progress)
  const stream = await post(url, { id: 'b', meta: { progressToken: 1 } })
  const text = stream.text()
  await front.endpoint.drain(0)
  t.match(await text, /"id":"b","error":\{"code":-32603,"message":"The process that ran this call has ended; /)
})

/** Sends a request, and reads nothing. */
async function opened (url: string, request: Sent): Promise<Socket> {
  const { body, headers } = sent(request)
  const text = JSON.stringify(body)
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const lines = Object.entries({ ...headers, host: 'h', 'content-length': Buffer.byteLength(text) })
    .map(([name, value]) => `${name}: ${String(value)}\r\n`)
  socket.pause()
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${text}`)
  return socket
}
