import { request } from 'node:http'
import t from 'tap'
import { RawClient, initializeRequest, toolCall } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'

const call = JSON.stringify(toolCall(7, 'echo'))
const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
const withArguments = (json: string): string =>
  `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":${json}}}`
const pingWith = (params: unknown): object => ({ jsonrpc: '2.0', id: 7, method: 'ping', params })

interface Bad {
  body: unknown
  headers?: Record<string, string>
  status: number
  code: number
  id?: unknown
}

/** What is wrong with a POST to a good session, and what it is answered with. */
const BAD: Record<string, Bad> = {
  'malformed JSON': { body: '{"jsonrpc":', status: 400, code: -32700 },
  'an empty body': { body: '', status: 400, code: -32700 },
  'a null body': { body: 'null', status: 400, code: -32600 },
  'a number': { body: '17', status: 400, code: -32600 },
  'a string': { body: '"hello"', status: 400, code: -32600 },
  'an empty object': { body: '{}', status: 400, code: -32600 },
  'another JSON-RPC version': { body: { ...toolCall(7, 'echo'), jsonrpc: '1.0' }, status: 400, code: -32600, id: 7 },
  'params that are a list': { body: pingWith([]), status: 400, code: -32600, id: 7 },
  'a null id': { body: toolCall(null, 'echo'), status: 400, code: -32600 },
  'a fraction for an id': { body: toolCall(1.5, 'echo'), status: 400, code: -32600 },
  'an object for an id': { body: toolCall({ a: 1 }, 'echo'), status: 400, code: -32600 },
  'a member that JSON-RPC does not know': {
    body: { ...toolCall(7, 'echo'), extra: 1 }, status: 400, code: -32600, id: 7
  },
  'a _meta that is no object': { body: pingWith({ _meta: 'x' }), status: 400, code: -32600, id: 7 },
  'a progress token that is an object': {
    body: pingWith({ _meta: { progressToken: {} } }), status: 400, code: -32600, id: 7
  },
  'a related task without an id': {
    body: pingWith({ _meta: { 'io.modelcontextprotocol/related-task': 1 } }), status: 400, code: -32600, id: 7
  },
  'a result and an error': {
    body: { jsonrpc: '2.0', id: 7, result: {}, error: { code: 1, message: '' } }, status: 400, code: -32600
  },
  'an error without a code': { body: { jsonrpc: '2.0', id: 7, error: {} }, status: 400, code: -32600 },
  'an answer to nothing': { body: { jsonrpc: '2.0', id: 7, result: {} }, status: 400, code: -32600 },
  'a batch where there are none': { body: [toolCall(7, 'echo')], status: 400, code: -32600 },
  'a __proto__ key': { body: withArguments('{"__proto__":{"polluted":true}}'), status: 400, code: -32700 },
  'a constructor with a prototype': {
    body: withArguments('{"constructor":{"prototype":{"polluted":true}}}'), status: 400, code: -32700
  },
  'objects in objects in objects': { body: withArguments(nested(100_000)), status: 400, code: -32600, id: 7 },
  'lists in lists in lists': {
    body: withArguments('['.repeat(100_000) + ']'.repeat(100_000)), status: 400, code: -32600, id: 7
  },
  text: { body: call, headers: { 'content-type': 'text/plain' }, status: 415, code: -32000 },
  'nearly JSON': { body: call, headers: { 'content-type': 'application/jsonx' }, status: 415, code: -32000 },
  'a form': {
    body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415, code: -32000
  },
  'a type that is none': { body: call, headers: { 'content-type': 'json' }, status: 415, code: -32000 },
  'more than the limit': { body: withArguments(`"${'x'.repeat(1_200_000)}"`), status: 413, code: -32000 },
  'a client that takes JSON only': {
    body: call, headers: { accept: 'application/json' }, status: 406, code: -32000, id: 7
  },
  'a client that takes nothing we have': {
    body: call, headers: { accept: 'text/html' }, status: 406, code: -32000, id: 7
  },
  'an unsupported version': {
    body: call, headers: { 'mcp-protocol-version': '1999-01-01' }, status: 400, code: -32000, id: 7
  },
  'two versions': {
    body: call, headers: { 'mcp-protocol-version': '2025-06-18, 2025-11-25' }, status: 400, code: -32000, id: 7
  }
}

t.test('a bad POST gets a clear error and harms nothing', async t => {
  const { url, app } = await start(t, { bodyLimit: 1_200_000 }, { fastify: { bodyLimit: 1000 } })
  app.mcpSessions.on('error', ({ error }) => { t.fail('a defect was reported', { error }) })
  const client = await RawClient.open(url)
  for (const [name, { body, headers, status, code, id = null }] of Object.entries(BAD)) {
    const response = await client.post(body, headers, AbortSignal.timeout(5_000))
    const answer: unknown = await response.json().catch(error => error)
    t.equal(response.status, status, `${name}: status`)
    t.match(response.headers.get('content-type'), 'application/json', `${name}: type`)
    t.match(answer, { jsonrpc: '2.0', id, error: { code, message: /\w/ } }, `${name}: body`)
    t.strictSame(await client.call('echo', { after: name }), { after: name }, `${name}: the session still works`)
  }
  t.equal(await app.mcpSessions.count(), 1)
  t.equal(({} as any).polluted, undefined)
})

t.test('JSON is taken under each of its names', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  const types = [
    'application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"'
  ]
  for (const type of types) {
    t.equal((await client.post(call, { 'content-type': type })).status, 200, type)
  }
  for (const accept of ['*/*', 'text/*, application/*', 'TEXT/event-stream;q=0.5,application/json']) {
    t.equal((await client.post(call, { accept })).status, 200, accept)
  }
})

t.test('a body without a type, and a type without a body', async t => {
  const { url } = await start(t)
  const client = await RawClient.open(url)
  interface Received { status: number | undefined, answer: any }
  const post = async (headers: Record<string, string>, body?: string): Promise<Received> =>
    await new Promise((resolve, reject) => {
      request(url, { method: 'POST', headers: { ...client.headers, ...headers } }, response => {
        let text = ''
        response.setEncoding('utf8')
          .on('data', part => { text += part })
          .on('end', () => resolve({ status: response.statusCode, answer: JSON.parse(text) }))
      }).on('error', reject).end(body)
    })
  const json = { 'content-type': 'application/json' }
  const chunked = { ...json, 'transfer-encoding': 'chunked' }
  const refused = (status: number, code: number): object =>
    ({ status, answer: { jsonrpc: '2.0', id: null, error: { code } } })
  t.match(await post({}, call), refused(415, -32000))
  t.match(await post({ 'content-type': '' }, call), refused(415, -32000))
  t.match(await post(json), refused(400, -32700))
  t.match(await post({}), { status: 415, answer: { jsonrpc: '2.0', id: null } })
  t.match(await post(chunked, call), { status: 200, answer: { id: 7 } })
  t.match(await post(chunked, `"${'x'.repeat(4_300_000)}"`), { status: 413 })
  t.strictSame(await client.call('echo', { fine: true }), { fine: true })
})

t.test('an initialize that is none creates nothing', async t => {
  const { url, app } = await start(t)
  app.mcpSessions.on('error', ({ error }) => { t.fail('a defect was reported', { error }) })
  const client = new RawClient(url, { accept: 'application/json, text/event-stream' })
  const good = initializeRequest()
  const params = (change: Record<string, unknown>): Record<string, unknown> =>
    ({ ...good, params: { ...good.params, ...change } })
  const bad: Array<[unknown, number]> = [
    [{ ...good, params: undefined }, -32602],
    [params({ protocolVersion: 20251125 }), -32602],
    [params({ capabilities: null }), -32602],
    [params({ capabilities: [] }), -32602],
    [params({ clientInfo: undefined }), -32602],
    [params({ clientInfo: { name: 'x' } }), -32602],
    [params({ clientInfo: { name: 1, version: '1' } }), -32602],
    [JSON.stringify(params({ capabilities: 'deep' })).replace('"deep"', nested(50_000)), -32600]
  ]
  for (const [body, code] of bad) {
    const response = await client.post(body)
    t.equal(response.status, 400)
    t.equal(response.headers.get('mcp-session-id'), null)
    t.match(await response.json(), { id: 'init', error: { code } })
  }
  const large = await client.post(params({ clientInfo: { name: 'x'.repeat(300_000), version: '1' } }))
  t.equal(large.status, 413)
  t.match(await large.json(), { id: 'init', error: { code: -32000 } })
  // The handshake is well-formed JSON-RPC; what the server thinks of its capabilities is an answer, not a session.
  const refused = await client.post(params({ capabilities: { sampling: 'yes' } }))
  t.equal(refused.headers.get('mcp-session-id'), null)
  t.match(await refused.json(), { id: 'init', error: {} })
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('broken JSON is parsed once, and nobody is told what was in it', async t => {
  const errors: string[] = []
  const { url } = await start(t, {}, {
    before: app => { app.addHook('onError', async (_, __, error) => { errors.push(error.message) }) }
  })
  const client = await RawClient.open(url)
  const { parse } = JSON
  let parsed = 0
  JSON.parse = (text: string, ...rest: []) => { if (text.includes('secret')) parsed++; return parse(text, ...rest) }
  t.teardown(() => { JSON.parse = parse })
  for (const body of ['{"secret": ', '{"secret": "\\u0041" ', '["secret", __proto__', '{"constructor": "secret"']) {
    parsed = 0
    const response = await client.post(body)
    t.match(await response.json(), { id: null, error: { code: -32700 } })
    t.equal(parsed, 1, body)
  }
  t.notMatch(errors.join(), /secret/)
})
