import swagger from '@fastify/swagger'
import t from 'tap'
import { startAdmin } from './fixtures/admin.js'

t.test('the routes are documented by @fastify/swagger', async t => {
  const before = async (app: any): Promise<void> => {
    await app.register(swagger, { openapi: { info: { title: 'app', version: '1.0.0' } } })
  }
  const { app } = await startAdmin(t, {}, { before })
  const document = JSON.parse(JSON.stringify((app as any).swagger()))
  const operations = Object.entries<any>(document.paths).filter(([path]) => path.startsWith('/mcp-sessions'))
    .flatMap(([path, methods]) =>
      Object.entries<any>(methods).map(([method, operation]) => [`${method} ${path}`, operation]))
  t.strictSame(operations.map(([name]) => name).sort(), [
    'delete /mcp-sessions/{key}', 'get /mcp-sessions', 'get /mcp-sessions/era', 'get /mcp-sessions/export',
    'get /mcp-sessions/fleet', 'get /mcp-sessions/{key}', 'post /mcp-sessions/restore', 'post /mcp-sessions/revoke'
  ])
  for (const [name, { summary, tags, responses }] of operations) {
    t.match(summary, /^\w.*\.$/, name)
    t.strictSame(tags, ['mcp-sessions'])
    for (const status of ['200', '4XX', '5XX']) {
      t.ok(responses[status].description, `${name} ${status}`)
      const content = Object.values<any>(responses[status].content)
      t.ok(content.length === 1 && content[0].schema.type !== undefined, `${name} ${status}`)
    }
  }
  const { get } = document.paths['/mcp-sessions']
  t.strictSame(get.parameters.map(({ name }: any) => name), [
    'limit', 'cursor', 'owner', 'subject', 'issuer', 'clientId', 'tenantId', 'perClient', 'client', 'idleFor', 'live'
  ])
  t.strictSame(get.parameters.filter(({ required }: any) => required === true), [])
  t.match(get.responses['200'].content['application/json'].schema.properties.sessions.items.properties, {
    key: { type: 'string' }, expiresAt: { type: 'integer' }
  })
  const contentOf = (path: string): any => document.paths[path].post.requestBody.content
  t.match(contentOf('/mcp-sessions/restore'), { 'application/x-ndjson': { schema: { type: 'string' } } })
  t.match(contentOf('/mcp-sessions/revoke')['application/json'].schema.properties, { owner: {}, principal: {} })
})

t.test('compilers of the application are not used for these routes', async t => {
  const before = (app: any): void => {
    app.setValidatorCompiler(() => { throw new Error('for other schemas') })
    app.setSerializerCompiler(() => { throw new Error('for other schemas') })
  }
  const { app } = await startAdmin(t, {}, { before })
  const headers = { authorization: 'Bearer admin' }
  t.strictSame((await app.inject({ url: '/mcp-sessions?limit=5', headers })).json(), { sessions: [] })
})
