import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import holdfast, { type HoldfastOptions } from '../dist/index.js'
import { Log } from './fixtures/log.js'
import { type Protocol, PROTOCOLS, certificate, speaking } from './fixtures/protocols.js'
import { RawClient, toolCall, valueOf } from './fixtures/raw-client.js'
import { ask, opened } from './fixtures/stalled-peers.js'
import { serving } from './fixtures/tools.js'

const tls = await certificate(t)
const large = 'x'.repeat(12_000_000)

interface Started {
  app: FastifyInstance
  port: number
  log: Log
}

type Prepare = (app: FastifyInstance) => void

const ACCEPT = 'application/json, text/event-stream'
/** Headers of a POST to the endpoint over HTTP/2. */
const POST = { ':path': '/mcp', ':method': 'POST', accept: ACCEPT, 'content-type': 'application/json' }

async function start (
  t: Test, protocol: Protocol, options: Partial<HoldfastOptions> = {}, prepare: Prepare = () => {}
): Promise<Started> {
  const log = new Log()
  const app = Fastify({ ...speaking(protocol, tls), logger: log.logger })
  t.teardown(async () => { await app.close() })
  prepare(app)
  await app.register(holdfast, {
    createServer: serving({
      large: () => large,
      slow: async () => {
        await new Promise(resolve => setTimeout(resolve, 400))
        return 'done'
      }
    }),
    shutdown: { timeout: 50 },
    admin: { authorize: () => true },
    ...options
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port, log }
}

function begin (port: number, method: string, path = '/mcp', type = 'application/json'): Socket {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  const headers = ['host: localhost', `accept: ${ACCEPT}`, `content-type: ${type}`, 'content-length: 100']
  socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{`)
  return socket
}

async function rest (socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

t.test('a body that takes too long is answered, and its connection ends', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 100 })
  const text = await rest(begin(port, 'POST'))
  t.match(text, /^HTTP\/1\.1 408 /)
  t.match(text, /"code":-32000,"message":"Request Timeout/)
})

/** Begins a body over HTTP/2 that never ends, and resolves to the status of its answer once its stream has ended. */
async function beginHttp2 (t: Test, port: number): Promise<number> {
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(() => { client.destroy() })
  const stream = client.request(POST)
  stream.on('error', () => {}).write('{')
  const closed = once(stream, 'close')
  const [headers] = await once(stream, 'response')
  stream.resume()
  await closed
  return headers[':status']
}

t.test('so is one over HTTP/2, where its stream ends', async t => {
  const { port } = await start(t, 'h2c', { bodyTimeout: 100 })
  t.equal(await beginHttp2(t, port), 408)
})

t.test('a body that goes on after its answer does not keep its connection for ever', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 100 })
  t.match(await rest(begin(port, 'PUT')), /^HTTP\/1\.1 405 /)
})

t.test('a body that a hook of the application does not let in ends with its connection', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 100 }, app => {
    app.addHook('preParsing', async () => { await new Promise(() => {}) })
  })
  t.equal(await rest(begin(port, 'POST')), '')
})

const refuse: Prepare = app => {
  app.addHook('onRequest', async (_, reply) => await reply.code(401).send({ mine: true }))
}

t.test('a body of a request that a hook of the application has refused ends with its connection', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 100 }, refuse)
  t.match(await rest(begin(port, 'POST')), /^HTTP\/1\.1 401 [^]*"mine":true/)
})

t.test('so does one over HTTP/2, with its stream', async t => {
  const { port } = await start(t, 'h2c', { bodyTimeout: 100 }, refuse)
  t.equal(await beginHttp2(t, port), 401)
})

t.test('routes of ours make the loggers of requests as the application does', async t => {
  const made: unknown[] = []
  const { port } = await start(t, 'HTTP', { health: '/health' }, app => {
    app.setChildLoggerFactory(function (logger, bindings, options, request) {
      made.push([this.prefix, request.url])
      return logger.child({ ...bindings, mine: true }, options)
    })
  })
  const log = await fetch(`http://127.0.0.1:${port}/health/live`)
  t.equal(log.status, 200)
  t.strictSame(made, [['', '/health/live']])
})

t.test('an upload of a snapshot that stands still is answered, and its connection ends', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 100, stallTimeout: 100 })
  const text = await rest(begin(port, 'POST', '/mcp-sessions/restore', 'application/x-ndjson'))
  t.match(text, /^HTTP\/1\.1 408 [^]*"the upload stalled/)
})

for (const protocol of PROTOCOLS) {
  t.test(`${protocol}: calls and streams may take longer than a body`, async t => {
    const { port } = await start(t, protocol, { bodyTimeout: 50, stallTimeout: 50, responseMode: 'json' })
    const session = await opened({ protocol, port })
    const { text } = await ask({ protocol, port }, toolCall(1, 'slow'), session)
    t.equal(valueOf(JSON.parse(text)), 'done')
  })
}

t.test('a stream on which nothing is said is no stalled one', async t => {
  const { port } = await start(t, 'HTTP', { bodyTimeout: 50, stallTimeout: 50, streams: { keepAlive: 300 } })
  const client = await RawClient.open(new URL(`http://127.0.0.1:${port}/mcp`))
  const reader = (await client.get()).body?.getReader()
  let text = ''
  while (text.split(': ').length < 3) text += Buffer.from((await reader?.read())?.value ?? '').toString()
  t.match(text, /^id: /)
  await reader?.cancel()
})

t.test('a reader that takes nothing of its reply is cut', async t => {
  const { app, port, log } = await start(t, 'HTTP', { stallTimeout: 100, responseMode: 'json' })
  const client = await RawClient.open(new URL(`http://127.0.0.1:${port}/mcp`))
  const accepted = once(app.server, 'connection')
  const body = JSON.stringify(toolCall(1, 'large'))
  const sent = request(client.url, {
    method: 'POST', headers: { ...client.headers, 'content-type': 'application/json' }, agent: false
  })
  sent.on('error', () => {}).end(body)
  const [socket] = await accepted
  const [response] = await once(sent, 'response') as [IncomingMessage]
  response.on('error', () => {}).pause()
  if (!socket.destroyed) await once(socket, 'close')
  t.equal(log.saying('holdfast: a request was cut').length, 1)
  response.destroy()
})

t.test('so is one that opens no window', async t => {
  const { port } = await start(t, 'h2c', { stallTimeout: 100, responseMode: 'json' })
  const session = await opened({ protocol: 'h2c', port })
  const client = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } })
  t.teardown(() => { client.destroy() })
  const stream = client.request({ ...POST, 'mcp-session-id': session })
  stream.on('error', () => {}).end(JSON.stringify(toolCall(1, 'large')))
  await once(stream, 'close')
  t.equal(stream.rstCode, 8)
})

t.test('a connection over HTTP/2 that takes nothing at all is cut as a whole', async t => {
  const { app, port } = await start(t, 'h2c', { stallTimeout: 100, responseMode: 'json' })
  const session = await opened({ protocol: 'h2c', port })
  const accepted = once(app.server, 'connection')
  let stall = (): void => {}
  const network = createServer(near => {
    const far = connect(port, '127.0.0.1').on('error', () => {})
    near.on('error', () => {}).pipe(far).pipe(near)
    stall = () => { far.unpipe().pause() }
    t.teardown(() => { near.destroy(); far.destroy() })
  }).listen(0, '127.0.0.1')
  t.teardown(() => { network.close() })
  await once(network, 'listening')
  const { port: networkPort } = network.address() as AddressInfo
  const client = connectHttp2(`http://127.0.0.1:${networkPort}`, { settings: { initialWindowSize: 2 ** 31 - 1 } })
  t.teardown(() => { client.destroy() })
  client.on('error', () => {})
  await once(client, 'remoteSettings')
  client.setLocalWindowSize(2 ** 31 - 1)
  const stream = client.request({ ...POST, 'mcp-session-id': session })
  stream.on('error', () => {}).end(JSON.stringify(toolCall(1, 'large')))
  await once(stream, 'response')
  stall()
  const [socket] = await accepted
  if (!socket.destroyed) await once(socket, 'close')
})

t.test('one that reads slowly gets all of it', async t => {
  const { port } = await start(t, 'HTTP', { stallTimeout: '2s', responseMode: 'json' })
  const client = await RawClient.open(new URL(`http://127.0.0.1:${port}/mcp`))
  const headers = { ...client.headers, 'content-type': 'application/json' }
  const sent = request(client.url, { method: 'POST', headers, agent: false, highWaterMark: 16_384 } as object)
  sent.end(JSON.stringify(toolCall(1, 'large')))
  const [response] = await once(sent, 'response') as [IncomingMessage]
  t.equal(Number(response.headers['content-length']) > large.length, true)
  let bytes = 0
  let pauses = 0
  for await (const chunk of response) {
    bytes += chunk.length
    // Slower than the limit for all of it, faster for each piece.
    if (bytes > (pauses + 1) * 500_000) await new Promise(resolve => setTimeout(resolve, 100, ++pauses))
  }
  t.equal(bytes, Number(response.headers['content-length']))
})
