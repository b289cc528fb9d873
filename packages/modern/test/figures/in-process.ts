// node packages/modern/dist-test/figures/in-process.js: what a tools/call through the shared server, and a round of
// requestState, cost in process, against the least that each could cost and against the SDK. Ratios of one run.
import { Sessions, sealed } from '@holdfast/core'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { memory } from '@holdfast/memory'
import { HandlerExtra, type McpCall } from '@holdfast/transport'
import {
  McpServer, PerRequestHTTPServerTransport, SUPPORTED_PROTOCOL_VERSIONS, classifyInboundRequest,
  createRequestStateCodec
} from '@modelcontextprotocol/server'
import * as z from 'zod'
import { type ModernCall, type Outcome, requestStateCodec, sharedServer } from '../../dist/index.js'

const TOOLS = 40
const classification = { era: 'modern', revision: '2026-07-28' } as const
const schema = z.object({ a: z.number(), b: z.string() })
const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {}
}
const headers = {
  'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 't1'
}
const text = JSON.stringify({
  jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 't1', arguments: { a: 1, b: 'x' }, _meta: meta }
})

function build (options: object): McpServer {
  const server = new McpServer({ name: 's', version: '1' }, { ...options, capabilities: { logging: {} } })
  for (let n = 0; n < TOOLS; n++) {
    server.registerTool(`t${n}`, { description: `tool ${n}`, inputSchema: schema }, async ({ a, b }) =>
      ({ content: [{ type: 'text', text: `${a}${b}` }] }))
  }
  return server
}

/** One server on one connection, and nothing else that a server needs: no cancellation, no caller, no bounds. */
class Least extends PerRequestHTTPServerTransport {
  readonly #waiting = new Map<unknown, (message: any) => void>()
  #last = 0
  constructor () { super({ classification }) }
  override async start (): Promise<void> {}
  override async send (message: any): Promise<void> {
    const answered = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    answered?.(message)
  }

  async call (message: any): Promise<unknown> {
    return await new Promise(resolve => {
      const id = ++this.#last
      this.#waiting.set(id, answer => { answer.id = message.id; resolve(answer) })
      this.onmessage?.({ ...message, id }, { classification })
    })
  }
}

function parsed (): any {
  const body = JSON.parse(text)
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST', protocolVersionHeader: '2026-07-28', mcpMethodHeader: 'tools/call', body
  })
  if (kind !== 'modern') throw new Error(kind)
  return body
}

const least = new Least()
await build({ supportedProtocolVersions: [...SUPPORTED_PROTOCOL_VERSIONS, '2026-07-28'] }).connect(least)
const shared = sharedServer({ create: ({ serverOptions }) => build(serverOptions) })
await shared.start()
const principal = { issuer: 'https://idp.test', subject: 'ann' }
const authInfo = { token: 't', clientId: 'c', scopes: [] }

async function sharedCall (): Promise<string> {
  const request = parsed()
  const outcome = await new Promise<Outcome>(resolve => {
    const call: ModernCall = {
      request,
      meta: { version: '2026-07-28', capabilities: {}, client: { name: 'c', version: '1' } },
      inbound: { headers, url: 'http://x.test/mcp', principal, authInfo, isGone: () => false },
      isOver: false,
      usesStorage: () => {},
      notify: () => {},
      end: resolve
    }
    void shared.serve(call)
  })
  return JSON.stringify({ jsonrpc: '2.0', id: request.id, ...outcome })
}

const keyring = new Keyring(generateKey('k1'))
const states = requestStateCodec({
  sessions: new Sessions({ backend: memory(), codec: sealed(new Envelope(keyring), keyring) })
})
const call: McpCall = {
  era: 'modern', version: '2026-07-28', principal, client: undefined, capabilities: {}, trace: undefined
}
const inbound = { headers, url: 'http://x.test/mcp', principal, authInfo, isGone: () => false }
const ctx: any = { mcpReq: { method: 'tools/call' }, http: { req: new HandlerExtra(inbound, call).request, authInfo } }
const sdkStates = createRequestStateCodec({
  key: 'k'.repeat(32), bind: ctx => `${ctx.mcpReq.method} ${ctx.http?.authInfo?.clientId}`
})
const payload = { step: 2, cart: 'basket_0123456789', items: ['a', 'b', 'c'], total: 4_200, note: 'x'.repeat(60) }

const cases: Record<string, () => Promise<unknown>> = {
  least: async () => JSON.stringify(await least.call(parsed())),
  shared: sharedCall,
  'state SDK': async () => await sdkStates.verify(await sdkStates.mint(payload, ctx), ctx),
  state: async () => await states.verify(await states.mint(payload, ctx), ctx)
}
const best: Record<string, number> = {}
for (const run of Object.values(cases)) for (let n = 0; n < 1_000; n++) await run()
for (let round = 0; round < 60; round++) {
  for (const [name, run] of Object.entries(cases)) {
    const start = performance.now()
    for (let n = 0; n < 200; n++) await run()
    best[name] = Math.min(best[name] ?? Infinity, (performance.now() - start) * 1_000 / 200)
  }
}
for (const [name, us] of Object.entries(best)) console.log(`${name.padEnd(10)} ${us.toFixed(1)} µs`)
const ratio = (name: string, to: string): string => ((best[name] as number) / (best[to] as number)).toFixed(2)
console.log(`shared ÷ least ${ratio('shared', 'least')} (at most 1.3)`)
console.log(`requestState ÷ SDK ${ratio('state', 'state SDK')} (at most 0.25)`)
for (const size of [0, 50, 140, 1_000]) {
  const payload = 'x'.repeat(size)
  const [own, sdk] = [(await states.mint(payload, ctx)).length, (await sdkStates.mint(payload, ctx)).length]
  console.log(`text for ${size} bytes: ${own} ÷ ${sdk} = ${(own / sdk).toFixed(2)}`)
}
