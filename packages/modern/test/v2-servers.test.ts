import t from 'tap'
import type { CreateServer } from '@holdfast/transport'
import { McpServer, inputRequired } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { ADA, fleet, retryOf } from './fixtures/bridge-fleet.js'
import { accepted, callOf, text } from './fixtures/servers.js'

const requestedSchema = { type: 'object' as const, properties: { value: { type: 'string' as const } } }

/** A server of SDK v2, as an application writes it for sessions. */
const createServer: CreateServer = () => {
  const server = new McpServer({ name: 'two', version: '2' }, { capabilities: { logging: {} } })
  server.registerTool('plain', { inputSchema: z.object({ n: z.number() }) }, async ({ n }, ctx) => ({
    content: [{ type: 'text', text: `${n} ${callOf(ctx).principal?.subject} ${callOf(ctx).era}` }]
  }))
  server.registerTool('push', { inputSchema: z.object({}) }, async (_, ctx) => {
    const answer: any = await ctx.mcpReq.elicitInput({ message: 'Who?', requestedSchema })
    return { content: [{ type: 'text', text: answer.content.value }] }
  })
  server.registerTool('return', { inputSchema: z.object({}) }, async (_, ctx) => {
    const answer: any = ctx.mcpReq.inputResponses?.who
    if (answer === undefined) {
      const who = inputRequired.elicit({ message: 'Who?', requestedSchema })
      return inputRequired({ inputRequests: { who } }) as never
    }
    return { content: [{ type: 'text', text: answer.content.value }] }
  })
  return server
}

t.test('a v2 server behind the bridge', async (t) => {
  const { first } = await fleet(t, { createServer })
  const outcome = await first.call({ name: 'plain', arguments: { n: 7 }, principal: ADA })
  t.equal(text(outcome), '7 ada modern')
  t.equal(outcome.result.resultType, 'complete')
  const { result } = await first.call({ method: 'server/discover' })
  t.same(result.supportedVersions, ['2026-07-28'])
  t.same(result._meta['io.modelcontextprotocol/serverInfo'], { name: 'two', version: '2' })
})

for (const name of ['push', 'return']) {
  t.test(`a tool that asks its client (${name})`, async (t) => {
    const { first, second } = await fleet(t, { createServer, replicas: 2 })
    for (const replica of [first, second]) {
      const asked = await first.call({ name, arguments: {}, principal: ADA })
      const [[key, question]] = Object.entries<any>(asked.result.inputRequests) as [[string, any]]
      t.match(question, { method: 'elicitation/create', params: { message: 'Who?' } })
      const retry = retryOf(asked, { [key]: accepted('me') })
      const done = await replica.call({ name, arguments: {}, principal: ADA, ...retry })
      t.equal(text(done), 'me')
    }
  })
}
t.test('a client that cannot be asked (push)', async (t) => {
  const { first } = await fleet(t, { createServer })
  const outcome = await first.call({ name: 'push', arguments: {}, capabilities: {} })
  const data = { requiredCapabilities: { elicitation: { form: {} } } }
  t.match(outcome, { error: { code: -32021, data }, status: 400 })
})
