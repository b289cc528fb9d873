import { type ClientHttp2Session, connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import holdfast from '../dist/index.js'
import { initializeRequest, toolCall } from './fixtures/raw-client.js'
import { echo, say, serving } from './fixtures/tools.js'

interface Received {
  headers: Record<string, unknown>
  text: string
}

const JSON_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }

async function ask (session: ClientHttp2Session, headers: Record<string, string>, body?: unknown): Promise<Received> {
  return await new Promise((resolve, reject) => {
    let seen = {}
    let text = ''
    session.request({ ':path': '/mcp', ...JSON_HEADERS, ...headers })
      .on('response', received => { seen = received })
      .setEncoding('utf8').on('data', part => { text += String(part) })
      .on('end', () => resolve({ headers: seen, text })).on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

t.test('the endpoint works over HTTP/2', async t => {
  const app = Fastify({ http2: true })
  t.teardown(async () => { await app.close() })
  await app.register(holdfast, {
    createServer: serving({
      ...echo,
      say: async call => {
        await say(call, 'said')
        return call.extra.requestInfo?.url?.pathname
      }
    })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => { session.close() })
  const begun = await ask(session, { ':method': 'POST' }, initializeRequest())
  t.equal(begun.headers[':status'], 200)
  const mine = { ':method': 'POST', 'mcp-session-id': String(begun.headers['mcp-session-id']) }
  t.match(JSON.parse((await ask(session, mine, toolCall(1, 'echo'))).text), { id: 1, result: {} })
  const said = await ask(session, mine, toolCall(2, 'say'))
  t.match(said.headers['content-type'], 'text/event-stream')
  t.match(said.text, /"said"[\s\S]*mcp/)
  t.equal((await ask(session, { ...mine, ':authority': 'example.com' }, toolCall(3, 'echo'))).headers[':status'], 403)
})
