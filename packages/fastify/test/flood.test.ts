import t from 'tap'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { serving } from './fixtures/tools.js'

const accept = 'application/json, text/event-stream'

t.test('initialize with bad credentials allocates nothing', async t => {
  let [made, resolved] = [0, 0]
  const { url, app } = await start(t, {
    principal: ({ headers }) => headers.authorization === 'Bearer good' ? { subject: 'me' } : undefined,
    context: { resolve: () => { resolved++; return {} } },
    createServer: (session, shared) => { made++; return serving()(session, shared) }
  })
  const flood = await Promise.all(Array.from({ length: 500 }, async (_, index) => {
    const client = new RawClient(url, { accept, authorization: `Bearer bad-${index}` })
    const response = await client.post(initializeRequest())
    const { status, headers } = response
    return { status, challenge: headers.get('www-authenticate'), answer: await response.json() }
  }))
  for (const { status, challenge, answer } of flood) {
    if (status !== 401 || challenge !== 'Bearer') t.fail('let in')
    t.match(answer, { jsonrpc: '2.0', id: 'init', error: { code: -32000 } })
  }
  t.equal(await app.mcpSessions.count(), 0)
  t.equal(made, 0)
  t.equal(resolved, 0)
  const client = await RawClient.open(url, { headers: { authorization: 'Bearer good' } })
  t.strictSame(await client.call('echo', {}), {})
})

t.test('a hook of the application that refuses comes first, and its answer is JSON-RPC', async t => {
  const { url, app } = await start(t, {}, {
    before: app => {
      app.addHook('onRequest', async ({ headers }) => {
        if (headers.authorization === undefined) throw Object.assign(new Error('Token missing'), { statusCode: 401 })
      })
    }
  })
  const response = await new RawClient(url, { accept: 'application/json, text/event-stream' }).post(initializeRequest())
  t.equal(response.status, 401)
  t.match(await response.json(), { jsonrpc: '2.0', error: { code: Number, message: 'Token missing' } })
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('a challenge that a hook of the application has set stands', async t => {
  const challenge = 'Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
  const { url } = await start(t, { principal: () => undefined }, {
    before: app => {
      app.addHook('onRequest', async (_, reply) => {
        reply.header('WWW-Authenticate', challenge).header('content-type', 'text/html')
      })
    }
  })
  const response = await new RawClient(url, { accept: 'application/json, text/event-stream' }).post(initializeRequest())
  t.equal(response.status, 401)
  t.equal(response.headers.get('www-authenticate'), challenge)
  t.match(response.headers.get('content-type'), 'application/json', 'the type is that of the body')
})
