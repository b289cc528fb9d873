import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { initialize } from '@holdfast/clients/by-hand'
import holdfast from '@holdfast/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { certificate } from './fixtures/certificate.js'
import { createServer } from './fixtures/create-server.js'
import { http2Fetch } from './fixtures/http2-fetch.js'
import { listening } from './fixtures/start.js'
import { wholeSession } from './fixtures/whole-session.js'

const OPTIONS = { createServer: createServer(), shutdown: { timeout: 100 } }

t.test('a session is whole over HTTP/2 without TLS', async t => {
  const app = Fastify({ http2: true })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, OPTIONS)
  const url = await listening(app as unknown as FastifyInstance)
  const connection = connect(url)
  t.teardown(() => { connection.close() })
  await wholeSession(t, url, {}, http2Fetch(connection))
  await app.close()
})

t.test('a session is whole over HTTP/2 with TLS, beside clients of HTTP/1.1', async t => {
  const tls = await certificate(t)
  const app = Fastify({ http2: true, https: { ...tls, allowHTTP1: true } })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, OPTIONS)
  const url = await listening(app as unknown as FastifyInstance)
  url.protocol = 'https:'
  const connection = connect(url, { ca: tls.cert })
  t.teardown(() => { connection.close() })
  await wholeSession(t, url, {}, http2Fetch(connection))

  const old = request(url, {
    method: 'POST', agent: new Agent({ ca: tls.cert }), headers: { accept: '*/*', 'content-type': 'application/json' }
  })
  old.end(JSON.stringify(initialize()))
  const [answer] = await once(old, 'response') as [IncomingMessage]
  t.match(answer, { statusCode: 200, httpVersion: '1.1' })
  answer.resume()
  await once(answer, 'end')
  await app.close()
})
