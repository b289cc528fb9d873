import t from 'tap'
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { ADA, BOB, type Replica, fleet } from './fixtures/bridge-fleet.js'
import { type Asked, FakeCall } from './fixtures/fake-call.js'
import { Gate } from '@holdfast/waiting'
import { type Made, v1 } from './fixtures/servers.js'

const region = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }

const schema = (replica: Replica, tool: string, asked: Asked = {}): unknown =>
  replica.bridge.inputSchema(new FakeCall({ name: tool, ...asked }), tool)

t.test('the schemas of tools that want headers', async (t) => {
  const made: Made[] = []
  let lists = 0
  const createServer = v1({}, made, server => {
    server.server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
      lists++
      return params?.cursor === undefined
        ? { tools: [{ name: 'do', inputSchema: { type: 'object' as const } }], nextCursor: 'x' }
        : { tools: [{ name: 'header', inputSchema: region as never }, { name: 'bare' } as never, 7 as never] }
    })
  })
  const { first } = await fleet(t, { createServer })
  t.same(await schema(first, 'header', { principal: ADA }), region)
  t.equal(lists, 2, 'all pages')
  t.same(schema(first, 'header', { principal: ADA }), region, 'then at once')
  t.same(schema(first, 'do', { principal: ADA }), { type: 'object' })
  t.same(schema(first, 'bare', { principal: ADA }), { type: 'object' })
  t.equal(schema(first, 'no such', { principal: ADA }), undefined)
  t.equal(lists, 2)
  t.equal(await schema(first, 'no such', { principal: BOB }), undefined)
  t.equal(lists, 4, 'once for each caller')
  const context = (): string => 'tenant'
  t.same(await schema(first, 'header', { principal: ADA, context }), region)
  t.equal(lists, 6, 'and context')
  await schema(first, 'header', { principal: ADA, context })
  t.equal(lists, 6)
  t.same(await schema(first, 'header'), region)
  t.same(schema(first, 'header'), region, 'also for nobody')
})

t.test('callers who come together share one list, unless the first one leaves', async (t) => {
  let lists = 0
  const createServer = v1({}, [], server => {
    server.server.setRequestHandler(ListToolsRequestSchema, () => {
      lists++
      return { tools: [{ name: 'header', inputSchema: region as never }] }
    })
  })
  const { first } = await fleet(t, { createServer })
  const asked = Array.from({ length: 20 }, async () => await schema(first, 'header', { principal: ADA }))
  const all = await Promise.all(asked)
  t.same(all, Array.from({ length: 20 }, () => region))
  t.equal(lists, 1)
  const leaving = new FakeCall({ name: 'header', principal: BOB })
  const left = first.bridge.inputSchema(leaving, 'header')
  const staying = schema(first, 'header', { principal: BOB })
  leaving.leave()
  t.equal(await left, undefined)
  t.same(await staying, region)
})

t.test('a server that has no tools', async (t) => {
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => { server.server.removeRequestHandler('tools/list') })
  })
  t.equal(await schema(first, 'do'), undefined)
})

t.test('a server that cannot be made, or does not answer', async (t) => {
  const broken = await fleet(t, { createServer: () => { throw new Error('broken') } })
  t.equal(await schema(broken.first, 'do'), undefined)
  const gate = new Gate()
  const stuck = await fleet(t, {
    factoryTimeout: 50,
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, async () => {
        await gate.passed
        return { tools: [] }
      })
    })
  })
  t.equal(await schema(stuck.first, 'do', { principal: ADA }), undefined)
  t.equal(stuck.first.bridge.liveCount, 0)
  gate.open()
})

t.test('a caller who has left', async (t) => {
  const { first } = await fleet(t, { createServer: v1({}) })
  const attempt = new FakeCall({ name: 'do' })
  attempt.leave()
  t.equal(await first.bridge.inputSchema(attempt, 'do'), undefined)
})

t.test('a list of tools without end', async (t) => {
  let lists = 0
  const { first } = await fleet(t, {
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [], nextCursor: `${++lists}` }))
    })
  })
  t.equal(await first.bridge.inputSchema(new FakeCall({ name: 'do' }), 'do'), undefined)
  t.equal(lists, 100)
})

t.test('callers whose schemas are kept are bounded', async (t) => {
  let lists = 0
  const { first } = await fleet(t, {
    maxLive: 8,
    createServer: v1({}, [], server => {
      server.server.setRequestHandler(ListToolsRequestSchema, () => {
        lists++
        return { tools: [] }
      })
    })
  })
  const schema = async (subject: string): Promise<void> => {
    await first.bridge.inputSchema(new FakeCall({ name: 'do', principal: { subject } }), 'do')
  }
  for (let count = 0; count < 1_001; count++) await schema(`u${count}`)
  t.equal(lists, 1_001)
  await schema('u1')
  t.equal(lists, 1_001)
  await schema('u0')
  t.equal(lists, 1_002, 'the oldest is asked again')
})
