import { createMCPClient, ElicitationRequestSchema as AiElicitation } from '@ai-sdk/mcp'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import t, { type Test } from 'tap'
import { withTokens } from '../dist/callers.js'
import { KINDS } from '../dist/kinds.js'
import type { Caller } from '../dist/modern-caller.js'
import { startServer } from '../dist/start-server.js'

/** A client, whatever it is made of. */
interface Speaker {
  /** Calls a tool: the text of its result. */
  call: (tool: string, args: Record<string, unknown>) => Promise<string>
}

type Opens = (t: Test, url: URL, caller: Caller) => Promise<Speaker>

const capabilities = { elicitation: { form: {} } }
const answerOf = (name: string) => ({ action: 'accept' as const, content: { name } })
const textOf = (result: any): string => {
  if (result.isError === true) throw new Error(JSON.stringify(result.content))
  return result.content[0].text
}

function v2 (mode: 'legacy' | 'auto' | { pin: string }): Opens {
  return async (t, url, { name, headers }) => {
    const client = new ClientV2({ name, version: '2.0.0' }, { capabilities, versionNegotiation: { mode } })
    client.setRequestHandler('elicitation/create', () => answerOf(name))
    t.teardown(async () => { await client.close() })
    await client.connect(new TransportV2(url, { requestInit: { headers } }))
    return { call: async (tool, args) => textOf(await client.callTool({ name: tool, arguments: args })) }
  }
}

const v1: Opens = async (t, url, { name, headers }) => {
  const client = new ClientV1({ name, version: '1.0.0' }, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => answerOf(name))
  t.teardown(async () => { await client.close() })
  await client.connect(new TransportV1(url, { requestInit: { headers } }))
  return { call: async (tool, args) => textOf(await client.callTool({ name: tool, arguments: args })) }
}

const aiSdk: Opens = async (t, url, { name, headers }) => {
  const client = await createMCPClient({
    name, transport: { type: 'http', url: url.href, headers }, capabilities: { elicitation: {} }
  })
  client.onElicitationRequest(AiElicitation, () => answerOf(name))
  t.teardown(async () => { await client.close() })
  const tools = await client.tools() as Record<string, any>
  return {
    call: async (tool, args) => textOf(await tools[tool].execute(args, { toolCallId: tool, messages: [] }))
  }
}

/** Each client, the era that it speaks, and how it is opened. */
const CLIENTS: Record<string, [era: string, opens: Opens]> = {
  'v2-legacy': ['sessions', v2('legacy')],
  'v2-auto': ['modern', v2('auto')],
  'v2-pinned': ['modern', v2({ pin: '2026-07-28' })],
  v1: ['sessions', v1],
  'ai-sdk': ['modern', aiSdk]
}
/** Calls of each client, all at once. */
const CALLS = 30

for (const kind of KINDS) {
  t.test(`clients of both eras at once each get their own answers: ${kind}`, async t => {
    const { callers, environment } = withTokens(...Object.keys(CLIENTS))
    const server = await startServer(kind, environment)
    t.teardown(async () => { await server.stop() })
    await Promise.all(callers.map(async caller => {
      const { name } = caller
      const [era, opens] = CLIENTS[name] as (typeof CLIENTS)[string]
      const { call } = await opens(t, server.url, caller)
      await Promise.all(Array.from({ length: CALLS }, async (_, n) => {
        const nonce = `${name} ${n}`
        const own = JSON.stringify({ nonce, subject: name, client: name, era })
        t.equal(await call('nonce', { nonce, pause: (n * 7) % 50, says: 0 }), own)
      }))
      for (let n = 0; n < 3; n++) t.equal(await call('test_input_required_result_elicitation', {}), `Hello, ${name}!`)
    }))
    t.equal(server.log(), '')
  })
}
