import t from 'tap'
import { Front } from './fixtures/endpoint.js'
import { json, refusal } from './fixtures/requests.js'

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`
const declared = (type: unknown, header: unknown): object => ({ type, 'x-mcp-header': header })

const schema = {
  type: 'object',
  properties: {
    region: declared('string', 'Region'),
    count: declared('integer', 'Count'),
    dry: declared('boolean', 'Dry'),
    ratio: declared('number', 'Ratio'),
    plain: { type: 'string' },
    where: { type: 'object', properties: { city: declared('string', 'City'), constructor: declared('string', 'Own') } }
  }
}

async function outcome (args: unknown, headers: Record<string, string>, inputSchema?: unknown): Promise<string> {
  const front = new Front()
  front.server.schemas.hello = inputSchema ?? schema
  const reply = await front.post({ params: { name: 'hello', arguments: args }, headers })
  return reply.status === 200 ? 'ok' : refusal(reply)
}

const MISMATCH = '400 -32020'

const rows: Array<[string, unknown, Record<string, string>, string]> = [
  ['nothing', {}, {}, 'ok'],
  ['no arguments', undefined, {}, 'ok'],
  ['arguments that are no object', 'x', {}, '400 -32602'],
  ['equal', { region: 'eu' }, { 'mcp-param-region': 'eu' }, 'ok'],
  ['missing', { region: 'eu' }, {}, MISMATCH],
  ['different', { region: 'eu' }, { 'mcp-param-region': 'us' }, MISMATCH],
  ['other case', { region: 'eu' }, { 'mcp-param-region': 'EU' }, MISMATCH],
  ['extra', {}, { 'mcp-param-region': 'eu' }, MISMATCH],
  ['null', { region: null }, {}, 'ok'],
  ['null with a header', { region: null }, { 'mcp-param-region': 'null' }, MISMATCH],
  ['an empty text', { region: '' }, { 'mcp-param-region': '' }, 'ok'],
  ['an empty text without a header', { region: '' }, {}, MISMATCH],
  ['one that nobody declared', {}, { 'mcp-param-unknown': 'x', 'mcp-param-plain': 'y' }, 'ok'],
  ['base64', { region: 'Zürich' }, { 'mcp-param-region': base64('Zürich') }, 'ok'],
  ['broken base64', { region: 'Hello' }, { 'mcp-param-region': '=?base64?SGVsbG8?=' }, MISMATCH],
  ['base64 without its mark is text', { region: 'SGVsbG8=' }, { 'mcp-param-region': 'SGVsbG8=' }, 'ok'],
  ['control characters', { region: 'a\u0007' }, { 'mcp-param-region': 'a\u0007' }, MISMATCH],
  ['a text with commas', { region: 'a, a' }, { 'mcp-param-region': 'a, a' }, 'ok'],
  ['twice', { region: 'eu' }, { 'mcp-param-region': 'eu, eu' }, 'ok'],
  ['twice, different', { region: 'eu' }, { 'mcp-param-region': 'eu, us' }, MISMATCH],
  ['an integer', { count: 42 }, { 'mcp-param-count': '42' }, 'ok'],
  ['an integer as a decimal', { count: 42 }, { 'mcp-param-count': '42.0' }, 'ok'],
  ['another integer', { count: 42 }, { 'mcp-param-count': '42.5' }, MISMATCH],
  ['an integer in another form', { count: 42 }, { 'mcp-param-count': '0x2a' }, MISMATCH],
  ['an integer that is almost equal', { count: 42 }, { 'mcp-param-count': '42.00000000000000000001' }, MISMATCH],
  ['a negative integer', { count: -7 }, { 'mcp-param-count': '-7' }, 'ok'],
  ['an integer as base64', { count: 42 }, { 'mcp-param-count': base64('42') }, 'ok'],
  ['no number at all', { count: 0 }, { 'mcp-param-count': '' }, MISMATCH],
  ['an integer beyond the safe range', { count: 2 ** 53 }, {}, 'ok'],
  ['the same with a header', { count: 2 ** 53 }, { 'mcp-param-count': '9007199254740993' }, MISMATCH],
  ['a text where an integer belongs', { count: '42' }, { 'mcp-param-count': '42' }, 'ok'],
  ['a number where a text belongs', { region: 42 }, { 'mcp-param-region': '42.0' }, MISMATCH],
  ['true', { dry: true }, { 'mcp-param-dry': 'true' }, 'ok'],
  ['false', { dry: false }, { 'mcp-param-dry': 'false' }, 'ok'],
  ['True', { dry: true }, { 'mcp-param-dry': 'True' }, MISMATCH],
  ['false that is missing', { dry: false }, {}, MISMATCH],
  ['a number', { ratio: 0.5 }, { 'mcp-param-ratio': '0.50' }, 'ok'],
  ['another number', { ratio: 0.5 }, { 'mcp-param-ratio': '0.51' }, MISMATCH],
  ['an object where a text belongs', { region: {} }, {}, 'ok'],
  ['the same with a header', { region: {} }, { 'mcp-param-region': '[object Object]' }, MISMATCH],
  ['nested', { where: { city: 'Bern' } }, { 'mcp-param-city': 'Bern' }, 'ok'],
  ['nested and missing', { where: { city: 'Bern' } }, {}, MISMATCH],
  ['nested and different', { where: { city: 'Bern' } }, { 'mcp-param-city': 'Rom' }, MISMATCH],
  ['no own property', { where: {} }, {}, 'ok'],
  ['no parent', { where: 5 }, {}, 'ok']
]

for (const [what, args, headers, expected] of rows) {
  t.test(what, async (t) => { t.equal(await outcome(args, headers), expected) })
}

t.test('a schema that declares something in a wrong way declares nothing', async (t) => {
  const region = declared('string', 'Region')
  const deep = (levels: number): object =>
    levels === 0 ? declared('string', 'Deep') : { properties: { x: deep(levels - 1) } }
  const wrong: Record<string, unknown> = {
    'empty name': { properties: { region, a: declared('string', '') } },
    'name that is no token': { properties: { region, a: declared('string', 'a b') } },
    'name that is no text': { properties: { region, a: declared('string', 5) } },
    object: { properties: { region, a: declared('object', 'A') } },
    'no type': { properties: { region, a: declared(undefined, 'A') } },
    twice: { properties: { region, a: declared('string', 'REGION') } },
    root: { ...region, properties: { region } },
    items: { properties: { region, list: { type: 'array', items: region } } },
    anyOf: { properties: { region }, anyOf: [{ properties: { a: declared('string', 'A') } }] },
    $defs: { properties: { region }, $defs: { a: declared('string', 'A') } },
    'far too deep': { properties: { region, deep: deep(99) } },
    'no schema': 5,
    'no properties': { properties: 5 }
  }
  for (const [what, inputSchema] of Object.entries(wrong)) {
    t.equal(await outcome({ region: 'eu' }, { 'mcp-param-region': 'us' }, inputSchema), 'ok', what)
  }
  const named = { properties: { 'x-mcp-header': declared('string', 'Region') } }
  t.equal(await outcome({ 'x-mcp-header': 'eu' }, {}, named), MISMATCH, 'a property of this name is one like any other')
})

t.test('a schema is read once, and again when it is another object', async (t) => {
  const front = new Front()
  let reads = 0
  const counted = { get properties () { reads++; return schema.properties } }
  for (const inputSchema of [counted, counted, schema]) {
    front.server.schemas.hello = inputSchema
    t.equal(refusal(await front.post({ params: { name: 'hello', arguments: { region: 'eu' } } })), MISMATCH)
  }
  t.equal(reads, 1)
})

t.test('an error names the header only', async (t) => {
  const front = new Front()
  front.server.schemas.hello = schema
  const reply = await front.post({
    params: { name: 'hello', arguments: { region: 'secret' } }, headers: { 'mcp-param-region': 'secret2' }
  })
  t.equal(json(reply).error.message, 'Header mismatch: Mcp-Param-Region does not match the body')
  t.equal(front.server.served.length, 0)
  t.same(front.ends, [['tools/call', 'refused']])
})
