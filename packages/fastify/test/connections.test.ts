import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { keptByFastify } from '../dist/kept-by-fastify.js'
import holdfast from '../dist/index.js'
import { folder } from './fixtures/folder.js'
import { latch } from './fixtures/latch.js'
import { certificate, speaking } from './fixtures/protocols.js'
import { serving } from './fixtures/tools.js'

const tls = await certificate(t)

t.test('what Fastify keeps is found from every scope, and missed where it is not', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(async scope => { t.ok(keptByFastify(scope, 'fastify.options', undefined)) })
  t.equal(keptByFastify(app, 'fastify.of another version', 'nothing'), 'nothing')
  t.equal(keptByFastify({} as unknown as FastifyInstance, 'fastify.options', undefined), undefined)
})

for (const protocol of ['HTTP', 'HTTPS', 'HTTP/2', 'h2c'] as const) {
  t.test(`${protocol}: connections of a local socket end as well`, async t => {
    const path = join(await folder(t), 'socket')
    const app = Fastify(speaking(protocol, tls))
    t.teardown(async () => { await app.close() })
    await app.register(holdfast, { createServer: serving(), shutdown: { timeout: 50 } })
    await app.listen({ path })
    const dial = async () => {
      if (protocol === 'HTTP' || protocol === 'h2c') return connect(path)
      const ALPNProtocols = [protocol === 'HTTPS' ? 'http/1.1' : 'h2']
      const socket = connectTls({ path, rejectUnauthorized: false, ALPNProtocols })
      await once(socket, 'secureConnect')
      return socket
    }
    const socket = await dial()
    const closed = once(socket, 'close')
    if (protocol.startsWith('HTTP/2') || protocol === 'h2c') {
      const client = connectHttp2('http://localhost', { createConnection: () => socket as TLSSocket })
      client.on('error', () => {})
      const stream = client.request({ ':path': '/mcp', ':method': 'PUT' })
      const [headers] = await once(stream, 'response')
      t.equal(headers[':status'], 405)
      stream.resume()
    } else {
      socket.write('PUT /mcp HTTP/1.1\r\nhost: localhost\r\n\r\n')
      t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 405/)
    }
    await app.close()
    socket.resume()
    await closed
  })
}

t.test('connections that come once the app closes are not taken, over HTTP/2 neither', async t => {
  const [closing, tried] = [latch(), latch()]
  const app = Fastify({ http2: true })
  t.teardown(async () => { tried.open(); await app.close() })
  await app.register(holdfast, { createServer: serving(), shutdown: { timeout: 50 } })
  app.addHook('preClose', async () => {
    closing.open()
    await tried.opened
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const closed = app.close()
  await closing.opened
  const client = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`).on('error', () => {})
  await once(client, 'close')
  tried.open()
  await closed
})

t.test('what came before the plugin did is served', async t => {
  const server = createHttp2Server()
  const serverFactory = (handler: () => void) => server.on('request', handler)
  const app = Fastify({ http2: true, serverFactory } as object) as unknown as FastifyInstance
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => { client.destroy(); server.close() })
  await once(client, 'remoteSettings')
  await app.register(holdfast, { createServer: serving() })
  await app.ready()
  const stream = client.request({ ':path': '/mcp', ':method': 'PUT' })
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 405)
  stream.resume()
  await once(stream, 'close')
})
