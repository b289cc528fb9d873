import assert from 'node:assert/strict'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { deadline } from './deadline.js'
import { type Stage, type Step, actor } from './stage.js'

const QUESTION = 'What holds you, then?'
const ANSWER = 'Nothing'

/** A client of MCP 2026-07-28 beside the sessions. */
export const MODERN_STORY: Record<string, Step> = {
  'a client without a session is served': async stage => await with2026(stage, async client => {
    assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28')
    const { structuredContent } = await call(client, 'whoami')
    const { client: { name }, protocolVersion, principal } = structuredContent
    assert.deepEqual({ name, protocolVersion, principal }, {
      name: 'dora', protocolVersion: '2026-07-28', principal: { subject: 'tenant-b' }
    })
    return `dora, a client of MCP ${protocolVersion}, is served beside anna on the same route by the same tools, as ` +
      'tenant-b and without a session'
  }),
  'the server asks a client without a session': async stage => await with2026(stage, async client => {
    const { structuredContent: { action, answer } } = await call(client, 'ask', { question: QUESTION })
    assert.deepEqual({ action, answer }, { action: 'accept', answer: ANSWER })
    return 'ask: the tool waits as it always did; dora\'s client got the question as a result, and called again with ' +
      `the answer: ${action}, "${answer}"`
  }),
  'what needs a session says so': async stage => await with2026(stage, async client => {
    const { isError, content } = await call(client, 'counter')
    assert.equal(isError, true)
    assert.match(JSON.stringify(content), /has no session/)
    const { total } = await actor(stage, 'anna').call('counter', { by: 0 })
    assert.equal(total, 42)
    return `counter: its total lives in a session, so dora gets a tool error that says so; anna's is still ${total}`
  })
}

/** What it sees of a process that was killed. */
export async function servedAgain (stage: Stage): Promise<string> {
  return await with2026(stage, async client => {
    const { structuredContent: { action } } = await call(client, 'ask', { question: QUESTION })
    assert.equal(action, 'accept')
    return 'ask: dora\'s next call runs in the new process; she has no session to lose'
  })
}

/** A client that negotiates its version, and takes the newest. */
async function with2026 (
  { server: { url }, tokens }: Stage, act: (client: Client) => Promise<string>
): Promise<string> {
  const client = new Client({ name: 'dora', version: '1.0.0' }, {
    capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'auto' }
  })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { answer: ANSWER } }))
  const headers = { authorization: `Bearer ${tokens['tenant-b']}` }
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } })
  try {
    await deadline(client.connect(transport), 'connecting dora')
    return await act(client)
  } finally {
    await client.close()
  }
}

async function call (client: Client, name: string, args: Record<string, unknown> = {}): Promise<any> {
  return await deadline(client.callTool({ name, arguments: args }), `the answer of ${name}`)
}
