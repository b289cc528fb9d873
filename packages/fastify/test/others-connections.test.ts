import { once } from 'node:events'
import { type AddressInfo, Socket, connect } from 'node:net'
import { type Http2ServerResponse, connect as connectHttp2 } from 'node:http2'
import { IncomingMessage, type Server, ServerResponse, createServer, request } from 'node:http'
import { request as requestTls } from 'node:https'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import holdfast from '../dist/index.js'
import { keptByFastify } from '../dist/kept-by-fastify.js'
import { latch } from './fixtures/latch.js'
import { PROTOCOLS, type Protocol, certificate, speaking } from './fixtures/protocols.js'
import { toolCall } from './fixtures/raw-client.js'
import { ask, opened } from './fixtures/stalled-peers.js'
import { serving } from './fixtures/tools.js'

const tls = await certificate(t)
const text = 'x'.repeat(300_000)

interface Started {
  app: FastifyInstance
  port: number
  running: Promise<void>
  go: () => void
  drained: Promise<void>
}

/** An app with a slow route of its own, and a signal for each step. */
async function start (t: Test, protocol: Protocol): Promise<Started> {
  const [running, gate, drained] = [latch(), latch(), latch()]
  const app = Fastify({ ...speaking(protocol, tls), return503OnClosing: false })
  t.teardown(async () => { gate.open(); await app.close() })
  const wait = async (): Promise<string> => { running.open(); await gate.opened; return text }
  app.get('/slow', wait)
  await app.register(holdfast, {
    createServer: serving({ wait, quick: () => text }), responseMode: 'json', shutdown: { timeout: '10s' }
  })
  app.addHook('preClose', async () => { drained.open() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, port, running: running.opened, go: gate.open, drained: drained.opened }
}

async function get (protocol: Protocol, port: number, path: string): Promise<string> {
  let source: AsyncIterable<unknown>
  if (protocol === 'HTTP/2' || protocol === 'h2c') {
    const scheme = protocol === 'h2c' ? 'http' : 'https'
    const client = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false })
    source = client.request({ ':path': path }).setEncoding('utf8').on('close', () => { client.close() })
  } else {
    const ask = protocol === 'HTTP' ? request : requestTls
    const sent = ask({ port, host: '127.0.0.1', path, rejectUnauthorized: false }).end()
    const [response] = await once(sent, 'response')
    source = response.setEncoding('utf8')
  }
  let body = ''
  for await (const chunk of source) body += String(chunk)
  return body
}

for (const protocol of PROTOCOLS) {
  t.test(`${protocol}: a request of another route is answered after the drain, as long as it takes`, async t => {
    const { app, port, running, go, drained } = await start(t, protocol)
    const answer = get(protocol, port, '/slow')
    await running
    const closing = app.close()
    await drained
    go()
    t.equal((await answer).length, text.length)
    await closing
  })

  t.test(`${protocol}: a call that ends in the last moment of the drain reaches its client whole`, async t => {
    const { app, port, running, go } = await start(t, protocol)
    const session = await opened({ protocol, port })
    const answer = ask({ protocol, port }, toolCall(1, 'wait'), session)
    await running
    const closing = app.close()
    go()
    const { status, text: body } = await answer
    t.equal(status, 200)
    t.match(JSON.parse(body), { id: 1, result: { content: [{ text: JSON.stringify(text) }] } })
    await closing
  })
}

/** Has an app hand out a connection, and hears what is said on it. */
const TAKEN = {
  upgrade: 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  connect: 'CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n'
}

for (const [event, opening] of Object.entries(TAKEN)) {
  t.test(`a connection that somebody takes over by ${event} is theirs`, async t => {
    const { app, port, drained } = await start(t, 'HTTP')
    app.server.on(event, (_, socket: Socket) => { socket.write('taken\n'); socket.pipe(socket) })
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    t.teardown(() => { socket.destroy() })
    socket.write(opening)
    t.strictSame(await once(socket, 'data'), ['taken\n'])
    const mine = connect(port, '127.0.0.1').resume()
    await once(mine, 'connect')
    const closing = app.close()
    await drained
    // By then, what the plugin ends has ended.
    await once(mine, 'close')
    socket.write('still here')
    t.strictSame(await once(socket, 'data'), ['still here'])
    socket.end()
    await closing
  })

  t.test(`nobody listens for ${event} while nobody else does`, async t => {
    const { app } = await start(t, 'HTTP')
    const [one, two] = [() => {}, () => {}]
    t.equal(app.server.listenerCount(event), 0)
    app.server.on(event, one).on(event, two)
    t.equal(app.server.listenerCount(event), 3)
    app.server.off(event, one)
    t.equal(app.server.listenerCount(event), 2)
    app.server.off(event, two)
    t.equal(app.server.listenerCount(event), 0)
  })
}

t.test('an upgrade that somebody has one of our routes serve is ours', async t => {
  const { app, port } = await start(t, 'HTTP')
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket)
    app.routing(request, response)
  })
  const session = await opened({ protocol: 'HTTP', port })
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  const headers = ['accept: text/event-stream', `mcp-session-id: ${session}`, 'connection: upgrade', 'upgrade: x']
  socket.write(`GET /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  t.match(await once(socket, 'data'), [/^HTTP\/1\.1 200 /])
  const gone = once(socket.resume(), 'close')
  await app.close()
  await gone
})

t.test('a tunnel over HTTP/2 that somebody takes is theirs', async t => {
  const { app, port, drained } = await start(t, 'h2c')
  app.server.on('connect', (_, { stream }: Http2ServerResponse) => { stream.respond(); stream.pipe(stream) })
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  const tunnel = { ':method': 'CONNECT', ':authority': 'x:80' }
  const stream = client.request(tunnel, { endStream: false }).setEncoding('utf8')
  await once(stream, 'response')
  const mine = connectHttp2(`http://127.0.0.1:${port}`)
  await once(mine, 'remoteSettings')
  const closing = app.close()
  await drained
  await once(mine, 'close')
  stream.write('still here')
  t.strictSame(await once(stream, 'data'), ['still here'])
  stream.end()
  client.close()
  await closing
})

for (const protocol of ['HTTP', 'h2c'] as const) {
  t.test(`${protocol}: of two plugins of one app, the first to close spares the calls of the other`, async t => {
    const [running, gate, drained] = [latch(), latch(), latch()]
    const app = Fastify({ ...speaking(protocol, tls), return503OnClosing: false })
    t.teardown(async () => { gate.open(); await app.close() })
    const wait = async (): Promise<string> => { running.open(); await gate.opened; return text }
    await app.register(async scope => {
      await scope.register(holdfast, { createServer: serving(), path: '/first', shutdown: { timeout: 50 } })
      scope.addHook('preClose', async () => { drained.open() })
    })
    await app.register(async scope => {
      await scope.register(holdfast, {
        createServer: serving({ wait }), responseMode: 'json', shutdown: { timeout: '30s' }
      })
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const session = await opened({ protocol, port })
    const answer = ask({ protocol, port }, toolCall(1, 'wait'), session)
    await running.opened
    const idle = [beginning(protocol, port), connect(port, '127.0.0.1').resume()]
    const gone = Promise.all(idle.map(async socket => await once(socket, 'close')))
    await opened({ protocol, port })
    const closing = app.close()
    await drained.opened
    gate.open()
    t.equal((await answer).status, 200)
    await gone
    await closing
  })
}

/** A request to the first plugin whose body never arrives whole. */
function beginning (protocol: 'HTTP' | 'h2c', port: number): NodeJS.EventEmitter {
  if (protocol === 'HTTP') {
    const socket = connect(port, '127.0.0.1').resume()
    const headers = ['host: 127.0.0.1', 'content-type: application/json', 'content-length: 100']
    socket.write(`POST /first HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{`)
    return socket
  }
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = client.request({ ':method': 'POST', ':path': '/first', 'content-type': 'application/json' }).resume()
  stream.write('{')
  return stream.on('close', () => { client.close() })
}

t.test('an upload to a route of somebody else that goes on is theirs', async t => {
  const app = Fastify({ return503OnClosing: false })
  t.teardown(async () => { await app.close() })
  app.post('/theirs', async ({ body }) => body)
  await app.register(holdfast, { createServer: serving() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const upload = connect(port, '127.0.0.1').setEncoding('utf8')
  upload.write('POST /theirs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n')
  const still = connect(port, '127.0.0.1').resume()
  still.write('POST /theirs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n')
  await opened({ protocol: 'HTTP', port })
  let left = 100_000
  const writing = setInterval(() => { upload.write('x'); left-- }, 50)
  t.teardown(() => { clearInterval(writing) })
  const closing = app.close()
  await once(still, 'close')
  clearInterval(writing)
  upload.write('x'.repeat(left))
  t.match(await once(upload, 'data'), [/^HTTP\/1\.1 200 /])
  await closing
})

t.test('what listened for upgrades before the plugin did keeps its connections', async t => {
  const app = Fastify({ return503OnClosing: false })
  t.teardown(async () => { await app.close() })
  app.server.on('upgrade', (_, socket: Socket) => { socket.end('taken') })
  await app.register(holdfast, { createServer: serving() })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8')
  socket.write(TAKEN.upgrade)
  t.strictSame(await once(socket, 'data'), ['taken'])
  await once(socket.resume(), 'close')
})

t.test('connections of the servers that Fastify adds for the other addresses of localhost are known', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, { createServer: serving() })
  // As Fastify does where the name has more than one address.
  const other = createServer(app.routing)
  keptByFastify<Server[]>(app, 'fastify.serverBindings', []).push(other)
  await app.listen({ host: '127.0.0.1', port: 0 })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const unused = connect(port, '127.0.0.1').resume()
  await once(unused, 'connect')
  t.match(await opened({ protocol: 'HTTP', port }), /./)
  const gone = once(unused, 'close')
  await app.close()
  other.close()
  await gone
})

t.test('requests that come without a connection are served, and leave nothing behind', async t => {
  const { app } = await start(t, 'HTTP')
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'PUT', url: '/mcp', headers: { host: 'localhost' } })
  const response = new ServerResponse(request)
  const status = new Promise(resolve => {
    response.end = () => { resolve(response.statusCode); return response }
  })
  app.server.emit('request', request, response)
  t.equal(await status, 405)
  await app.close()
})
