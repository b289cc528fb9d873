import * as v1 from 'ai-sdk-mcp-1'
import * as v2 from '@ai-sdk/mcp'
import t from 'tap'
import { durable } from './fixtures/durable.js'

type Execute = (input: object, options: object) => Promise<{ structuredContent: unknown }>

// It parses streams by itself, and 2 asks first which protocol the server speaks.
const RELEASES = { 1: v1, 2: v2 as unknown as typeof v1 }

for (const [version, { createMCPClient, ElicitationRequestSchema }] of Object.entries(RELEASES)) {
  t.test(`@ai-sdk/mcp ${version}: its calls, streams and questions go on after a restart`, async t => {
    const it = await durable(t, { HOLDFAST_STREAM_AFTER: '20ms', HOLDFAST_MODERN: 'refuse' })
    const client = await createMCPClient({
      transport: { type: 'http', url: it.server.url.href }, capabilities: { elicitation: {} }
    })
    t.teardown(async () => { await client.close() })
    client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => ({
      action: 'accept', content: { answer: `${params.message} Yes.` }
    }))
    const tools = await client.tools()
    const call = async (name: string, input: object): Promise<unknown> => {
      const execute = tools[name]?.execute as unknown as Execute
      return (await execute(input, { toolCallId: name, messages: [] })).structuredContent
    }

    for (const [round, activated] of [[1, false], [2, true]] as const) {
      t.match(await call('counter', {}), { total: round, activated })
      t.strictSame(await call('countdown', { steps: 3, intervalMs: 50 }), { steps: 3 })
      t.strictSame(await call('ask', { question: 'Here?' }), { action: 'accept', answer: 'Here? Yes.' })
      if (round === 1) await it.restart()
    }
    t.equal(it.server.log(), '')
  })
}

t.test('@ai-sdk/mcp 2 needs no session where it is served without one', async t => {
  const it = await durable(t, { HOLDFAST_STREAM_AFTER: '20ms' })
  const client = await RELEASES[2].createMCPClient({
    transport: { type: 'http', url: it.server.url.href }, capabilities: { elicitation: {} }
  })
  t.teardown(async () => { await client.close() })
  client.onElicitationRequest(RELEASES[2].ElicitationRequestSchema, () => ({
    action: 'accept', content: { answer: 'Yes.' }
  }))
  const tools = await client.tools()
  const call = async (name: string, input: object): Promise<any> => {
    const execute = tools[name]?.execute as unknown as Execute
    return await execute(input, { toolCallId: name, messages: [] })
  }
  for (const round of [1, 2]) {
    t.match(await call('whoami', {}), { structuredContent: { protocolVersion: '2026-07-28' } })
    t.strictSame((await call('countdown', { steps: 3, intervalMs: 50 })).structuredContent, { steps: 3 })
    t.strictSame((await call('ask', { question: 'Here?' })).structuredContent, { action: 'accept', answer: 'Yes.' })
    t.match(await call('counter', {}), { isError: true })
    if (round === 1) await it.restart()
  }
  t.equal(it.server.log().match(/"level":[56]0/), null)
})
