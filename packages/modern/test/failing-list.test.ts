import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { ADA, type Replica, fleet } from './fixtures/bridge-fleet.js'
import { type Asked, FakeCall } from './fixtures/fake-call.js'
import { type Made, v1 } from './fixtures/servers.js'

const region = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }

const headers = { 'mcp-param-region': 'eu' }

async function schema (replica: Replica, asked: Asked = {}): Promise<unknown> {
  return await replica.bridge.inputSchema(new FakeCall({ name: 'header', principal: ADA, ...asked }), 'header')
}

t.test('a list that fails is not taken for an empty one', async (t) => {
  const made: Made[] = []
  const broken: unknown[] = [new Error('the database is away'), 'no list']
  const createServer = v1({}, made, server => {
    server.server.setRequestHandler(ListToolsRequestSchema, () => {
      const fault = broken.shift()
      if (fault instanceof Error) throw fault
      return { tools: (fault ?? [{ name: 'header', inputSchema: region }]) as never }
    })
  })
  const { first } = await fleet(t, { createServer })
  const unchecked = { code: 'HOLDFAST_FACTORY_TIMEOUT' }
  await t.rejects(schema(first, { headers }), unchecked, 'headers that nobody can check')
  t.equal(await schema(first), undefined, 'no headers, nothing to check')
  t.same(await schema(first, { headers }), region, 'asked for again')
  t.equal(made.length, 1, 'its server goes on')
})

t.test('a client that has left is not told anything', async (t) => {
  const { first } = await fleet(t, { createServer: () => { throw new Error('broken') } })
  const call = new FakeCall({ name: 'header', principal: ADA, headers })
  const asked = first.bridge.inputSchema(call, 'header')
  call.leave()
  t.equal(await asked, undefined)
})
