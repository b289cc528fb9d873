import t from 'tap'
import { Front } from './fixtures/endpoint.js'
import { KEYS, type Sent, json, refusal } from './fixtures/requests.js'

const base64 = (text: string | Buffer): string => `=?base64?${Buffer.from(text as string).toString('base64')}?=`

const front = new Front()

async function outcome (request: Sent): Promise<string> {
  const reply = await front.post(request)
  return reply.status === 200 ? 'ok' : refusal(reply)
}

const named = (name: string, header: string | undefined, more: Sent = {}): Sent =>
  ({ params: { name }, ...more, headers: { 'mcp-name': header, ...more.headers } })

const MISMATCH = '400 -32020'

const rows: Array<[string, Sent, string]> = [
  ['all as it should be', {}, 'ok'],
  ['no version', { headers: { 'mcp-protocol-version': undefined } }, MISMATCH],
  ['an empty version', { headers: { 'mcp-protocol-version': ' ,' } }, MISMATCH],
  ['another version', { headers: { 'mcp-protocol-version': '2025-11-25' } }, MISMATCH],
  ['another version than an unknown one', { meta: { [KEYS.version]: '2030-01-01' } }, MISMATCH],
  ['the version twice', { headers: { 'mcp-protocol-version': '2026-07-28, 2026-07-28' } }, 'ok'],
  ['two versions', { headers: { 'mcp-protocol-version': '2026-07-28, 2025-11-25' } }, MISMATCH],
  ['no method', { headers: { 'mcp-method': undefined } }, MISMATCH],
  ['another method', { headers: { 'mcp-method': 'tools/list' } }, MISMATCH],
  ['the method in capitals', { headers: { 'mcp-method': 'TOOLS/CALL' } }, MISMATCH],
  ['the method with space around it', { headers: { 'mcp-method': '  tools/call ' } }, 'ok'],
  ['the method as base64', { headers: { 'mcp-method': base64('tools/call') } }, MISMATCH],
  ['two methods', { headers: { 'mcp-method': 'tools/call, tools/list' } }, MISMATCH],
  ['no name', named('hello', undefined), MISMATCH],
  ['another name', named('hello', 'other'), MISMATCH],
  ['the name in capitals', named('hello', 'Hello'), MISMATCH],
  ['the name with space around it', named('hello', '  hello\t'), 'ok'],
  ['the name as base64', named('hello', base64('hello')), 'ok'],
  ['another name as base64', named('hello', base64('other')), MISMATCH],
  ['a name that needs base64', named('hällo wörld \u{1f310}\n', base64('hällo wörld \u{1f310}\n')), 'ok'],
  ['a name that needs base64 without it', named('hällo', 'hällo'), MISMATCH],
  ['the UTF-8 of a name, as Node reads it', named('hällo', Buffer.from('hällo').toString('latin1')), MISMATCH],
  ['control characters', named('a\u0001b', 'a\u0001b'), MISMATCH],
  ['a line break', named('hello', 'hello\r\n'), MISMATCH],
  ['a no-break space', named('hello', '\u00a0hello'), MISMATCH],
  ['a name that looks like base64', named('=?base64?aGVsbG8=?=', '=?base64?aGVsbG8=?='), MISMATCH],
  ['the same, encoded', named('=?base64?aGVsbG8=?=', base64('=?base64?aGVsbG8=?=')), 'ok'],
  ['base64 without padding', named('hello', '=?base64?aGVsbG8?='), MISMATCH],
  ['base64 with other characters', named('hello', '=?base64?aGVs!!!bG8=?='), MISMATCH],
  ['base64 for URLs', named('???>', '=?base64?Pz8_Pg==?='), MISMATCH],
  ['base64 whose last bits are not zero', named('hello', '=?base64?aGVsbG9=?='), MISMATCH],
  ['base64 that is not UTF-8', named('\ufffd', base64(Buffer.from([0xff]))), MISMATCH],
  ['a name with half a character', named('\ud800', base64('\ud800')), MISMATCH],
  ['the mark in capitals is no mark', named('=?BASE64?aGVsbG8=?=', '=?BASE64?aGVsbG8=?='), 'ok'],
  ['a mark without an end is no mark', named('=?base64?aGVsbG8=', '=?base64?aGVsbG8='), 'ok'],
  ['a mark that is too short is no mark', named('=?base64?=', '=?base64?='), 'ok'],
  ['an empty name', named('', ''), 'ok'],
  ['an empty name as base64', named('', '=?base64??='), 'ok'],
  ['an empty header for a name', named('hello', ''), MISMATCH],
  ['the name twice', named('hello', 'hello, hello'), 'ok'],
  ['the name three times, once as base64 in all', named('hello', Array(3).fill(base64('hello')).join(',')), 'ok'],
  ['two names', named('hello', 'hello, other'), MISMATCH],
  ['an empty name twice', named('', ', '), 'ok'],
  ['an empty name from copies that are not valid', named('', '=?base64?!?=, =?base64?!?='), MISMATCH],
  ['a name with a comma', named('a,b', 'a,b'), 'ok'],
  ['a name of equal halves', named('a, a', 'a, a'), 'ok'],
  ['a name with a comma twice', named('a,b', 'a,b, a,b'), 'ok'],
  ['another name with a comma', named('a,b', 'a, b'), MISMATCH],
  ['a name that is no string', { params: { name: 5 }, headers: { 'mcp-name': '5' } }, '400 -32602'],
  ['a prompt', { method: 'prompts/get', params: { name: 'p' } }, 'ok'],
  ['another prompt', { method: 'prompts/get', params: { name: 'p' }, headers: { 'mcp-name': 'q' } }, MISMATCH],
  ['a resource', { method: 'resources/read', params: { uri: 'a://b?c=1,2' } }, 'ok'],
  ['a resource without its header',
    { method: 'resources/read', params: { uri: 'a://b' }, headers: { 'mcp-name': undefined } }, MISMATCH],
  ['a task', { method: 'tasks/get', params: { taskId: 't' }, headers: { 'mcp-name': 't' } }, 'ok'],
  ['another task', { method: 'tasks/cancel', params: { taskId: 't' }, headers: { 'mcp-name': 'u' } }, MISMATCH],
  ['a name where none is needed', { method: 'tools/list', headers: { 'mcp-name': 'any' } }, 'ok'],
  ['stray ids of a session', { headers: { 'mcp-session-id': 'x', 'last-event-id': 'y' } }, 'ok']
]

for (const [what, request, expected] of rows) {
  t.test(what, async (t) => { t.equal(await outcome(request), expected) })
}

t.test('an error says which header, and nothing of what was sent', async (t) => {
  const reply = await front.post(named('secret-a', 'secret-b'))
  t.match(json(reply), { id: 1, error: { code: -32020, message: 'Header mismatch: Mcp-Name does not match the body' } })
  t.notMatch(reply.body, 'secret')
  t.match(json(await front.post(named('a', undefined))).error.message, /Mcp-Name is missing/)
  t.match(json(await front.post(named('a', '\u0001'))).error.message, /Mcp-Name is not valid/)
})
