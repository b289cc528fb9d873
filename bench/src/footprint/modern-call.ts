import type { IncomingHttpHeaders } from 'node:http'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server'
import { median } from '../statistics.js'
import { MODERN_VERSION, meta, modernHeaders } from '../throughput/modern-request.js'
import { modernToolServer } from '../throughput/modern-tools.js'
import type { Figure } from './figure.js'
import { inTurns, turnRatio } from './in-turns.js'
import { LeanModern } from './lean-modern.js'
import { ModernFront } from './modern-front.js'
import type { Build } from './tool-server.js'

const BUILD: Build = { tools: 40, style: 'hoisted' }
const BATCHES = 50

/** A request as it arrives, and what its answer must contain. */
interface Asked {
  text: string
  headers: IncomingHttpHeaders
  expected: string
}

const call = asked('tools/call', '"text":"holdfast"', { name: 'echo', arguments: { text: 'holdfast' } })
const list = asked('tools/list', '"name":"echo_39"')

/** What a call costs in the process, without a web server, and what a list costs that is kept as bytes. */
export async function modernCall (operations: number): Promise<Figure[]> {
  const lean = await LeanModern.start(modernToolServer(BUILD, {
    supportedProtocolVersions: [...SUPPORTED_PROTOCOL_VERSIONS, MODERN_VERSION]
  }))
  const front = await ModernFront.start(BUILD)
  const took = await inTurns({
    lean: async () => await right(call, lean),
    shared: async () => await right(call, front),
    list: async () => await right(list, front)
  }, { batches: BATCHES, batch: Math.ceil(operations / BATCHES) })
  await front.close()
  const { lean: least, shared, list: listed } = took
  const what = 'tools/call of 2026-07-28 in process'
  return [
    { what: `${what}, lean prototype (CPU)`, value: median(least.cpu), unit: 'µs' },
    { what: `${what}, shared v2 server (CPU)`, value: median(shared.cpu), unit: 'µs' },
    { what: `${what}, shared v2 server ÷ lean prototype`, value: turnRatio(shared.cpu, least.cpu), unit: '×', target: 1.3 },
    { what: 'tools/list of 40 tools, kept as bytes (CPU)', value: median(listed.cpu), unit: 'µs' },
    {
      what: 'tools/list of 40 tools, kept as bytes ÷ tools/call',
      value: turnRatio(listed.cpu, shared.cpu),
      unit: '×',
      target: 0.5
    }
  ]
}

async function right (
  { text, headers, expected }: Asked, server: { post (text: string, headers: IncomingHttpHeaders): Promise<string> }
): Promise<void> {
  const answer = await server.post(text, headers)
  if (!answer.includes(expected) || answer.includes('"isError":true')) throw new Error(answer)
}

function asked (method: string, expected: string, params: { name?: string, arguments?: object } = {}): Asked {
  return {
    text: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    headers: { host: '127.0.0.1', 'content-type': 'application/json', ...modernHeaders(method, params.name) },
    expected
  }
}
