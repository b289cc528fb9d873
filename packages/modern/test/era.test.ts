import t from 'tap'
import type { Reply } from '@holdfast/transport'
import type { Era, Verb } from '../dist/index.js'
import { Front } from './fixtures/endpoint.js'
import { FakeInbound, KEYS, VERSION, json, refusal, sent } from './fixtures/requests.js'

const both = new Front({ legacy: true }).endpoint
const alone = new Front({ legacy: false }).endpoint

const shown = (found: Era | Reply): string => typeof found === 'string' ? found : refusal(found)
const message = (method: string, params?: unknown, id: unknown = 1): object =>
  ({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) })
const complete = sent().body as any
const claiming = (version: unknown): object => message('tools/list', { _meta: { [KEYS.version]: version } })

const claimingToken = sent({ method: 'initialize', meta: { progressToken: {} } }).body

const modern = { 'mcp-protocol-version': VERSION }
const legacy = { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': 'x' }

/** What it is, the body, its headers, who serves it beside sessions, who serves it without them. */
const posts: Array<[string, unknown, Record<string, string>, string, string]> = [
  ['a complete modern request', complete, modern, 'modern', 'modern'],
  ['one with ids of sessions and events', complete, { ...modern, 'mcp-session-id': 'x', 'last-event-id': 'y' },
    'modern', 'modern'],
  ['one whose header names an earlier version', complete, legacy, 'modern', 'modern'],
  ['one without a header', complete, {}, 'modern', 'modern'],
  ['an unknown version', claiming('2026-11-11'), {}, 'modern', 'modern'],
  ['a version that is no string', claiming(5), {}, 'modern', 'modern'],
  ['a version that is null', claiming(null), {}, 'modern', 'modern'],
  ['an earlier version in _meta', claiming('2025-11-25'), legacy, 'sessions', 'modern'],
  ['an earlier version in _meta, a modern header', claiming('2025-11-25'), modern, 'modern', 'modern'],
  ['a modern header alone', message('tools/list'), modern, 'modern', 'modern'],
  ['a modern header beside a session', message('tools/list'), { ...modern, 'mcp-session-id': 'x' }, 'modern', 'modern'],
  ['a header of a version to come', message('tools/list'), { 'mcp-protocol-version': '2027-01-01' },
    'modern', 'modern'],
  ['two equal modern headers', message('tools/list'), { 'mcp-protocol-version': `${VERSION}, ${VERSION}` },
    'modern', 'modern'],
  ['a request of a session', message('tools/list', {}), legacy, 'sessions', '400 -32022'],
  ['a header that is no version', message('tools/list'), { 'mcp-protocol-version': 'zzz' }, 'sessions', '400 -32022'],
  ['a request that names nothing', message('tools/list', { _meta: null }), {}, 'sessions', 'modern'],
  ['a notification of a session', { jsonrpc: '2.0', method: 'notifications/initialized' }, legacy,
    'sessions', 'modern'],
  ['a modern notification', { jsonrpc: '2.0', method: 'notifications/x' }, modern, 'modern', 'modern'],
  ['an answer', { jsonrpc: '2.0', id: 1, result: {} }, legacy, 'sessions', 'modern'],
  ['no JSON', undefined, {}, 'sessions', 'modern'],
  ['no JSON with a modern header', undefined, modern, 'modern', 'modern'],
  ['initialize', message('initialize', { protocolVersion: '2025-11-25' }), {}, 'sessions', '400 -32022'],
  ['initialize that asks for the modern version', message('initialize', { protocolVersion: VERSION }), {},
    'sessions', '400 -32022'],
  ['initialize with a modern header', message('initialize', { protocolVersion: VERSION }), modern,
    'sessions', '400 -32022'],
  ['initialize with an incomplete claim', message('initialize', { _meta: { [KEYS.version]: VERSION } }), modern,
    'sessions', '400 -32022'],
  ['initialize with a complete claim', { ...complete, method: 'initialize' }, modern, 'modern', 'modern'],
  ['initialize with a claim and a wrong token', claimingToken, modern, 'sessions', '400 -32022'],
  ['initialize with a claim and no id', { ...complete, method: 'initialize', id: null }, modern,
    'sessions', '400 -32022'],
  ['a batch', [message('tools/list')], legacy, 'sessions', '400 -32600'],
  ['a batch with a modern member', [message('tools/list'), complete], legacy, '400 -32600', '400 -32600'],
  ['a batch with a modern header', [message('tools/list')], modern, '400 -32600', '400 -32600'],
  ['a batch with an earlier version', [claiming('2025-03-26')], legacy, 'sessions', '400 -32600']
]

for (const [what, body, headers, beside, without] of posts) {
  t.test(`POST, ${what}`, async (t) => {
    const inbound = new FakeInbound(body, headers)
    t.equal(shown(both.era('POST', inbound)), beside)
    t.equal(shown(alone.era('POST', inbound)), without)
  })
}

t.test('GET and DELETE are of the sessions, unless they name a modern version', async (t) => {
  for (const verb of ['GET', 'DELETE'] as Verb[]) {
    t.equal(both.era(verb, new FakeInbound(undefined, legacy)), 'sessions')
    t.equal(both.era(verb, new FakeInbound(undefined, {})), 'sessions')
    for (const refused of [
      both.era(verb, new FakeInbound(undefined, modern)), alone.era(verb, new FakeInbound(undefined, legacy)),
      both.refuseVerb()
    ]) {
      t.equal(shown(refused), '405 -32600')
      t.equal((refused as Reply).headers.allow, 'POST')
    }
  }
})

t.test('without sessions, initialize learns the version that is served', async (t) => {
  const asked = (params: unknown): any =>
    json(alone.era('POST', new FakeInbound(message('initialize', params, 'i'))) as Reply)
  t.match(asked({ protocolVersion: '2025-06-18' }), {
    id: 'i', error: { data: { supported: [VERSION], requested: '2025-06-18' } }
  })
  t.same(asked({ protocolVersion: '2025-06-18' }).error.data.supported, [VERSION])
  t.equal(asked({ protocolVersion: 'v'.repeat(10_000) }).error.data.requested.length, 64)
  t.equal(asked({ protocolVersion: 5 }).error.data.requested, 'none')
  t.equal(asked(undefined).error.data.requested, 'none')
})
