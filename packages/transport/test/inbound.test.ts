import type { IncomingHttpHeaders } from 'node:http'
import { inspect } from 'node:util'
import type { Session } from '@holdfast/core'
import t from 'tap'
import { HandlerExtra } from '../dist/calls/handler-extra.js'
import { header } from '../dist/http/inbound.js'
import { type McpCall, callOf } from '../dist/calls/mcp-call.js'
import { SessionCall } from '../dist/calls/session-call.js'
import { traceOf } from '../dist/calls/trace.js'
import { Call } from './fixtures/client.js'

const call: McpCall = {
  era: 'sessions', version: '2025-11-25', principal: null, client: undefined, capabilities: {}, trace: undefined
}

t.test('a header is one string', async (t) => {
  const call = new Call(null, { 'mcp-session-id': 'a', 'set-cookie': ['a', 'b'] })
  t.equal(header(call, 'mcp-session-id'), 'a')
  t.equal(header(call, 'set-cookie'), 'a, b')
  t.equal(header(call, 'last-event-id'), undefined)
})

t.test('copies of a header that agree are one', async (t) => {
  const version = (value: string | string[]): string | undefined =>
    header(new Call(null, { 'mcp-protocol-version': value } as IncomingHttpHeaders), 'mcp-protocol-version')
  for (const copies of [
    '2025-06-18, 2025-06-18', '2025-06-18,2025-06-18 , 2025-06-18', ['2025-06-18', '2025-06-18'],
    ['2025-06-18, 2025-06-18', '2025-06-18'], ' 2025-06-18\t', '2025-06-18, ', ['', '2025-06-18']
  ]) {
    t.equal(version(copies), '2025-06-18', String(copies))
  }
  for (const copies of ['2025-06-18, 2025-11-25', ['2025-06-18', '2025-11-25', ''], ['a', 'b']]) {
    t.not(version(copies), '2025-06-18', String(copies))
  }
})

t.test('an empty header is a missing one', async (t) => {
  for (const empty of ['', ' ', ', ,', ['', ' ']]) {
    const call = new Call(null, { 'last-event-id': empty } as IncomingHttpHeaders)
    t.equal(header(call, 'last-event-id'), undefined, JSON.stringify(empty))
  }
})

t.test('a server of the v2 SDK reads a web request', async (t) => {
  const { request } = new HandlerExtra(new Call(null, {
    'x-tenant': 'ü', 'set-cookie': ['a', 'b'], absent: undefined, ':authority': 'x'
  }), call)
  t.equal(request.method, 'POST')
  t.equal(request.url, 'http://replica.test/mcp')
  t.same(Object.fromEntries(request.headers), { 'x-tenant': 'ü', 'set-cookie': 'a,b' })
})

t.test('a handler of either SDK finds the call that it serves', async (t) => {
  const extra = new HandlerExtra(new Call(null, {}), call)
  t.equal(callOf({ requestInfo: extra.requestInfo }), call)
  t.equal(callOf({ http: { req: extra.request } }), call)
  t.equal(extra.request, extra.request)
  t.equal(extra.request.headers, extra.request.headers)
  for (const other of [{}, { requestInfo: {} }, { http: {} }, { requestInfo: null, http: { req: 'x' } }]) {
    t.throws(() => callOf(other), TypeError)
  }
})

t.test('a server of the v1 SDK reads headers and a URL', async (t) => {
  const { authInfo, closeSSEStream, requestInfo } = new HandlerExtra(new Call(null, { 'x-tenant': 'a' }), call)
  t.same(requestInfo.headers, { 'x-tenant': 'a' })
  t.equal(requestInfo.url.pathname, '/mcp')
  t.equal(authInfo, undefined)
  t.equal(closeSSEStream, undefined)
})

t.test('a call of a session tells what its session and its request say', async (t) => {
  const session = (initialize: object, client: object): Session => ({
    principal: { subject: 'ann' }, state: { client, handshake: { protocolVersion: '2025-11-25', initialize } }
  }) as unknown as Session
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'x=1', baggage: 'y=2' }
  const known = new SessionCall(session({ capabilities: { roots: {} } }, { name: 'c', version: '1' }), { headers })
  t.match(known, {
    era: 'sessions',
    version: '2025-11-25',
    principal: { subject: 'ann' },
    client: { name: 'c', version: '1' },
    capabilities: { roots: {} },
    trace: headers
  })
  const shown = { era: 'sessions', version: '2025-11-25', client: { name: 'c', version: '1' } }
  t.equal(JSON.stringify(known), JSON.stringify(shown), 'what may be in a log')
  t.equal(inspect(known), `McpCall ${inspect(shown)}`)
  const { traceparent } = headers
  t.strictSame(new SessionCall(session({}, {}), { headers: { traceparent } }).trace, { traceparent })
  const silent = new SessionCall(session({}, {}), { headers: {} })
  t.strictSame([silent.trace, silent.capabilities, silent.client], [undefined, {}, undefined])
})

t.test('a trace context that is malformed is left out, and the message goes before the headers', async t => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const headers = { traceparent, tracestate: 'x'.repeat(513), baggage: '' }
  t.strictSame(traceOf({}, { headers }), { traceparent })
  for (const malformed of ['00-a-b-01', '', traceparent.toUpperCase(), `${traceparent}-`.repeat(20)]) {
    t.equal(traceOf({}, { headers: { traceparent: malformed } }), undefined, malformed)
    t.equal(traceOf({ traceparent: malformed }, { headers }), undefined)
  }
  const own = { traceparent: traceparent.replace('a', 'c'), tracestate: 'y=2', baggage: 'z=3' }
  t.strictSame(traceOf(own, { headers }), own)
  t.equal(traceOf({ traceparent: 7 }, { headers }), undefined)
})
