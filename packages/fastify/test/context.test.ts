import t from 'tap'
import Type from 'typebox'
import { RawClient, initializeRequest } from './fixtures/raw-client.js'
import { start } from './fixtures/start.js'
import { echo, serving } from './fixtures/tools.js'

const schema = Type.Object({
  apiUrl: Type.String({ pattern: '^https://' }),
  apiKey: Type.String({ minLength: 8 }),
  level: Type.Optional(Type.Union([Type.Literal('low'), Type.Literal('high')]))
}, { additionalProperties: false })
const good = { apiUrl: 'https://api.example.com', apiKey: 'secret-key-of-tenant' }
const bare = { accept: 'application/json, text/event-stream' }

t.test('a context is resolved once, reaches every server of its session, and cannot be changed', async t => {
  let resolved = 0
  const made: unknown[] = []
  const { url } = await start(t, {
    context: { schema, resolve: async () => { resolved++; return good } },
    live: { max: 1 },
    createServer: (session, shared) => {
      made.push(session.context)
      const spoil = (): void => { (session.context as any).apiKey = 'changed' }
      return serving({ ...echo, context: () => session.context, spoil })(session, shared)
    }
  })
  const client = await RawClient.open(url)
  t.strictSame(await client.call('context'), good)
  t.equal(resolved, 1)
  await RawClient.open(url)
  t.strictSame(await client.call('context'), good)
  await t.rejects(client.call('spoil'), /read only/)
  t.strictSame(await client.call('context'), good)
  t.equal(resolved, 2)
  t.strictSame(made, [good, good, good])
})

t.test('a context that does not match begins no session, and its values stay here', async t => {
  let context: any
  const { url, app } = await start(t, { context: { schema, resolve: () => context } })
  const contexts = [
    undefined, null, 'canary-text', ['canary-list'], {}, { ...good, apiKey: 'canary' },
    { ...good, apiUrl: 'http://canary' }, { ...good, level: 'canary' }, { ...good, 'canary-name': 1 },
    { ...good, apiKey: 17 }
  ]
  for (context of contexts) {
    const response = await new RawClient(url, bare).post(initializeRequest())
    const text = await response.text()
    t.equal(response.status, 400, JSON.stringify(context))
    t.notMatch(text, 'canary')
    t.match(JSON.parse(text), { jsonrpc: '2.0', id: 'init', error: { message: /context/ } })
  }
  t.equal(await app.mcpSessions.count(), 0)
  context = good
  t.ok(await RawClient.open(url))
})

t.test('without a schema any JSON will do, and nothing is null', async t => {
  const contexts = [undefined, null, 0, '', [], { a: [{ b: null }] }]
  let context: any
  const { url } = await start(t, {
    context: { resolve: () => context },
    createServer: serving({ context: ({ session }) => ({ context: session.context }) })
  })
  for (context of contexts) {
    const client = await RawClient.open(url)
    t.strictSame(await client.call('context'), { context: context ?? null })
  }
})

t.test('what goes wrong while a context is resolved is the application\'s', async t => {
  let fail = (): unknown => { throw new Error('canary: the vault is down') }
  const { url, app } = await start(t, { context: { resolve: async () => fail() as any } })
  const errors: unknown[] = []
  app.mcpSessions.on('error', ({ error }) => { errors.push(error) })
  const post = async (): Promise<Response> => await new RawClient(url, bare).post(initializeRequest())
  const response = await post()
  t.equal(response.status, 500)
  t.notMatch(await response.text(), 'canary')
  t.match(errors, [{ message: /vault/ }])
  fail = () => 1n
  t.equal((await post()).status, 500, 'no JSON')
  fail = () => 'x'.repeat(300_000)
  t.equal((await post()).status, 413)
  t.equal(await app.mcpSessions.count(), 0)
})

t.test('a tenant that is refused while its context is resolved hears so', async t => {
  const resolve = async (): Promise<never> => {
    throw Object.assign(new Error('This tenant is suspended'), { statusCode: 403 })
  }
  const { url, app } = await start(t, { context: { resolve } })
  app.mcpSessions.on('error', () => { t.fail('that is no defect') })
  const response = await new RawClient(url, bare).post(initializeRequest())
  t.equal(response.status, 403)
  t.match(await response.json(), { jsonrpc: '2.0', id: 'init', error: { message: 'This tenant is suspended' } })
  t.equal(await app.mcpSessions.count(), 0)
})
