import t from 'tap'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { redact } from '../dist/admin/redaction.js'
import { ShowAnswer } from '../dist/admin/schemas.js'
import { ask, startAdmin, user } from './fixtures/admin.js'
import { RawClient } from './fixtures/raw-client.js'
import { echo, serving } from './fixtures/tools.js'

const publicly = { public: true }

t.test('a session is shown in full but for its secrets', async t => {
  const schema = Type.Object({
    apiUrl: Type.String(publicly),
    apiKey: Type.String(),
    limits: Type.Object({ calls: Type.Number(publicly), token: Type.String() })
  })
  const context = {
    apiUrl: 'https://tenant.example',
    apiKey: 'hush-key',
    limits: { calls: 5, token: 'hush-token' },
    more: 'hush-more'
  }
  const { app, url } = await startAdmin(t, {
    context: { schema, resolve: () => context },
    createServer: serving({
      ...echo, keep: async ({ session }) => await session.update(() => ({ secret: 'hush-data' }))
    })
  })
  const client = await RawClient.open(url, {
    ...user('ada'), capabilities: { sampling: {}, experimental: { hush: { is: 'hush-capability' } } }
  })
  await client.call('keep')
  await client.post({ jsonrpc: '2.0', id: 's', method: 'logging/setLevel', params: { level: 'error' } })
  const { sessions: [{ key }] } = (await ask(app, 'GET', '/mcp-sessions')).body
  const { status, body } = await ask(app, 'GET', `/mcp-sessions/${key}`)
  t.equal(status, 200)
  t.match(body, {
    key,
    principal: { subject: 'ada' },
    initialized: true,
    capabilities: ['sampling', 'experimental'],
    logLevel: 'error',
    subscriptions: 0,
    context: { apiUrl: 'https://tenant.example', apiKey: '[redacted]', limits: { calls: 5, token: '[redacted]' } },
    dataBytes: JSON.stringify({ secret: 'hush-data' }).length,
    live: true
  })
  t.ok(Value.Check(ShowAnswer, body))
  t.notMatch(JSON.stringify(body), 'hush')
  t.notOk(JSON.stringify(body).includes(client.id))
})

t.test('to be shown is not to be used', async t => {
  const { app, url } = await startAdmin(t)
  await RawClient.open(url)
  const { sessions: [session] } = (await ask(app, 'GET', '/mcp-sessions')).body
  await new Promise(resolve => setTimeout(resolve, 5))
  const { usedAt, expiresAt, version } = session
  t.match((await ask(app, 'GET', `/mcp-sessions/${session.key}`)).body, { usedAt, expiresAt, version })
})

t.test('without a schema, or a context, there is nothing to show', async t => {
  const { app, url } = await startAdmin(t, {
    context: { resolve: ({ headers }) => headers['x-user'] === undefined ? null : { apiKey: 'hush' } }
  })
  await RawClient.open(url)
  await RawClient.open(url, user('ada'))
  const { sessions } = (await ask(app, 'GET', '/mcp-sessions')).body
  const shown = await Promise.all(sessions.map(async ({ key }: { key: string }) =>
    (await ask(app, 'GET', `/mcp-sessions/${key}`)).body))
  t.strictSame(shown.map(({ context }) => context), [null, '[redacted]'])
})

t.test('a key that is none, or of no session, is answered alike whatever there is', async t => {
  const { app, url } = await startAdmin(t)
  const client = await RawClient.open(url)
  const unknown = `${'a'.repeat(12)}.${'b'.repeat(43)}`
  for (const method of ['GET', 'DELETE'] as const) {
    t.match(await ask(app, method, `/mcp-sessions/${unknown}`), {
      status: 404, body: { statusCode: 404, error: 'Not Found', message: 'no such session' }
    })
    const invalid = [
      client.id, 'x', 'a.b', `${unknown}x`, encodeURIComponent('}:o{.x'), encodeURIComponent('../x'), '%00'
    ]
    for (const key of invalid) {
      t.match(await ask(app, method, `/mcp-sessions/${key}`), { status: 400, body: { message: /params.key/ } }, key)
    }
  }
  t.strictSame(await client.call('echo', {}), {}, 'a session id is no key')
})

/** A schema, a context, and what is left of it. */
const REDACTIONS: Record<string, [schema: unknown, context: any, shown: unknown]> = {
  'all of it is public': [Type.Object({ a: Type.Any() }, publicly), { a: { b: [1] }, c: 2 }, { a: { b: [1] }, c: 2 }],
  'a whole branch is public': [
    Type.Object({ a: Type.Object({ b: Type.String() }, publicly), c: Type.Any() }),
    { a: { b: 'x' }, c: 1 },
    { a: { b: 'x' }, c: '[redacted]' }
  ],
  'only true is public': [
    Type.Object({
      a: Type.String({ public: 'true' }), b: Type.String({ public: 1 }), c: Type.String({ public: false })
    }),
    { a: 'x', b: 'x', c: 'x' },
    { a: '[redacted]', b: '[redacted]', c: '[redacted]' }
  ],
  'what the schema does not name': [Type.Object({ a: Type.String(publicly) }), { a: 'x', hush: 'hush' }, { a: 'x' }],
  'what is not there': [Type.Object({ a: Type.Optional(Type.String(publicly)) }), {}, {}],
  'names that are data': [Type.Record(Type.String(), Type.String(publicly)), { hush: 'x' }, '[redacted]'],
  'public items': [Type.Array(Type.String(publicly)), ['x', 'y'], ['x', 'y']],
  'items with a secret': [
    Type.Array(Type.Object({ name: Type.String(publicly), key: Type.String() })),
    [{ name: 'x', key: 'y' }],
    [{ name: 'x', key: '[redacted]' }]
  ],
  'items of other kinds': [Type.Tuple([Type.String(publicly)]), ['x'], '[redacted]'],
  'a choice': [Type.Union([Type.String(publicly), Type.Null()]), 'x', '[redacted]'],
  'a value of another type': [Type.Object({ a: Type.Object({}) }), { a: 'hush' }, { a: '[redacted]' }],
  'an object where a list was expected': [Type.Array(Type.String(publicly)), { hush: 1 }, '[redacted]'],
  'a list where an object was expected': [Type.Object({ a: Type.String(publicly) }), ['hush'], '[redacted]'],
  'a schema that says everything': [true, { a: 1 }, '[redacted]'],
  'no schema': [undefined, 'hush', '[redacted]'],
  'names of the language': [
    JSON.parse('{"properties":{"__proto__":{"public":true},"constructor":{}}}'),
    JSON.parse('{"__proto__":1,"constructor":2,"toString":3}'),
    JSON.parse('{"__proto__":1,"constructor":"[redacted]"}')
  ],
  'names that only the language has': [JSON.parse('{"properties":{"toString":{"public":true}}}'), {}, {}]
}

t.test('what is redacted', async t => {
  for (const [name, [schema, context, shown]] of Object.entries(REDACTIONS)) {
    t.equal(JSON.stringify(redact(context, schema)), JSON.stringify(shown), name)
  }
})
