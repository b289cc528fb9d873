import t from 'tap'
import type { ModernCall } from '../dist/index.js'
import { Front } from './fixtures/endpoint.js'
import { FakeInbound, KEYS, VERSION, json, refusal, sent } from './fixtures/requests.js'

const headers = { 'mcp-protocol-version': VERSION, 'mcp-method': 'tools/list' }

const list = (params: string, id = '1'): FakeInbound =>
  new FakeInbound(JSON.parse(`{"jsonrpc":"2.0","id":${id},"method":"tools/list","params":${params}}`), headers)

t.test('_meta that is no object, or says something wrong, is refused, and nothing of it comes back', async (t) => {
  const { endpoint, server } = new Front()
  const claim = `"${KEYS.version}":"${VERSION}"`
  const complete = `${claim},"${KEYS.capabilities}":{}`
  const rows: Record<string, string> = {
    'no _meta': '{}',
    null: '{"_meta":null}',
    array: '{"_meta":[]}',
    string: '{"_meta":"secret"}',
    'no version': `{"_meta":{"${KEYS.capabilities}":{}}}`,
    'version number': `{"_meta":{"${KEYS.version}":5,"${KEYS.capabilities}":{}}}`,
    'version null': `{"_meta":{"${KEYS.version}":null}}`,
    'version of 10 kB': `{"_meta":{"${KEYS.version}":"${'secret'.repeat(1_700)}"}}`,
    '__proto__ in _meta': `{"_meta":{${complete},"__proto__":{"secret":1}}}`,
    'no capabilities': `{"_meta":{${claim}}}`,
    'capabilities null': `{"_meta":{${claim},"${KEYS.capabilities}":null}}`,
    'capabilities string': `{"_meta":{${claim},"${KEYS.capabilities}":"secret"}}`,
    'capabilities array': `{"_meta":{${claim},"${KEYS.capabilities}":[]}}`,
    'capabilities with __proto__': `{"_meta":{${claim},"${KEYS.capabilities}":{"__proto__":{}}}}`,
    'a capability that is a string': `{"_meta":{${claim},"${KEYS.capabilities}":{"elicitation":"secret"}}}`,
    'a client without a version': `{"_meta":{${complete},"${KEYS.client}":{"name":"secret"}}}`,
    'a client that is a string': `{"_meta":{${complete},"${KEYS.client}":"secret"}}`,
    'an unknown log level': `{"_meta":{${complete},"${KEYS.logLevel}":"secret"}}`,
    'a log level that is a number': `{"_meta":{${complete},"${KEYS.logLevel}":3}}`,
    'a progress token that is an object': `{"_meta":{${complete},"progressToken":{"secret":1}}}`,
    'a progress token that is null': `{"_meta":{${complete},"progressToken":null}}`,
    'a progress token of 10 kB': `{"_meta":{${complete},"progressToken":"${'secret'.repeat(1_700)}"}}`,
    'a related task without an id': `{"_meta":{${complete},"io.modelcontextprotocol/related-task":"secret"}}`
  }
  for (const [what, params] of Object.entries(rows)) {
    const reply = await endpoint.post(list(params))
    t.equal(refusal(reply), '400 -32602', what)
    t.equal(json(reply).id, 1, what)
    t.notMatch(reply.body, 'secret', what)
  }
  t.equal(server.served.length, 0)
})

t.test('a version that is not served is refused with those that are', async (t) => {
  // Those that `server/discover` names, although the sessions have others.
  const supported = [VERSION]
  for (const legacy of [true, false]) {
    const front = new Front({ legacy })
    for (const version of ['2026-11-11', '1900-01-01', 'x'.repeat(64)]) {
      const reply = await front.post({
        meta: { [KEYS.version]: version, [KEYS.capabilities]: undefined }, headers: { 'mcp-protocol-version': version }
      })
      t.equal(refusal(reply), '400 -32022')
      t.same(json(reply).error.data, { supported, requested: version })
    }
  }
})

t.test('an id that is none, a batch and other messages are refused', async (t) => {
  const { endpoint, server } = new Front()
  const complete = JSON.stringify((sent({ method: 'tools/list' }).body as any).params)
  for (const id of ['null', '1.5', '{}', '[]', 'true', `"${'x'.repeat(10_000)}"`, '9007199254740993']) {
    const reply = await endpoint.post(list(complete, id))
    t.equal(refusal(reply), '400 -32600', id.slice(0, 20))
    t.equal(json(reply).id, null)
    t.ok((reply.body as string).length < 200)
  }
  const request = sent().body as any
  const deep = JSON.parse('['.repeat(300) + ']'.repeat(300))
  for (const body of [
    [request], [request, { jsonrpc: '2.0', id: 2, method: 'tools/list' }], [], 5, 'x', null,
    { ...request, jsonrpc: '1.0' }, { ...request, method: 5 }, { ...request, more: 1 }, { ...request, params: [1] },
    { jsonrpc: '2.0', id: 1, result: {} }, { ...request, params: { ...request.params, deep } }
  ]) {
    const reply = await endpoint.post(new FakeInbound(body, headers))
    t.equal(refusal(reply), '400 -32600', JSON.stringify(body).slice(0, 99))
  }
  t.equal(refusal(await endpoint.post(new FakeInbound(undefined, headers))), '400 -32700')
  t.equal(server.served.length, 0)
})

t.test('a notification is accepted and dropped, unless it is none', async (t) => {
  const { endpoint, server } = new Front()
  const notify = async (more: object): Promise<number> =>
    (await endpoint.post(new FakeInbound({ jsonrpc: '2.0', method: 'notifications/x', ...more }, headers))).status
  t.equal(await notify({}), 202)
  t.equal(await notify({ params: { _meta: { [KEYS.version]: VERSION } } }), 202)
  t.equal(await notify({ params: { _meta: 5 } }), 400)
  t.equal(await notify({ params: 5 }), 400)
  t.equal(server.served.length, 0)
})

t.test('a server learns what the request says of itself', async (t) => {
  const front = new Front()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'
  type Meta = ModernCall['meta']
  const meta = async (more: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Meta> => {
    const reply = await front.post({ meta: more, headers })
    t.equal(reply.status, 200)
    return (front.server.served.at(-1) as ModernCall).meta
  }
  t.same(await meta({ [KEYS.client]: undefined }), { version: VERSION, capabilities: {} })
  t.same(await meta({
    [KEYS.client]: { name: 'n', version: 'v', title: 't' },
    [KEYS.capabilities]: { elicitation: {}, other: 5 },
    [KEYS.logLevel]: 'notice',
    progressToken: 0,
    traceparent,
    tracestate: 'a=b',
    baggage: 'c=d'
  }), {
    version: VERSION,
    capabilities: { elicitation: {}, other: 5 },
    client: { name: 'n', version: 'v', title: 't' },
    logLevel: 'notice',
    progressToken: 0,
    trace: { traceparent, tracestate: 'a=b', baggage: 'c=d' }
  })
  t.same((await meta({}, { traceparent, tracestate: 'h=1', baggage: 'x=1,y=2' })).trace, {
    traceparent, tracestate: 'h=1', baggage: 'x=1,y=2'
  }, 'from the headers of HTTP')
  const other = traceparent.replace('0af', 'fff')
  t.same((await meta({ traceparent: other }, { traceparent, tracestate: 'h=1' })).trace, { traceparent: other })
  for (const wrong of ['x', 5, traceparent.toUpperCase()]) {
    t.equal((await meta({ traceparent: wrong, tracestate: 'a=b' })).trace, undefined)
  }
  t.same((await meta({ traceparent, tracestate: 'x'.repeat(513), baggage: '' })).trace, { traceparent })
})
