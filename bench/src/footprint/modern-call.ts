import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server'
import { median } from '../statistics.js'
import { MODERN_VERSION } from '../throughput/modern-request.js'
import { modernToolServer } from '../throughput/modern-tools.js'
import type { Figure } from './figure.js'
import { inTurns, turnRatio } from './in-turns.js'
import { type Check, LeanModern, classified, compared } from './lean-modern.js'
import { type Asked, asked } from './modern-asked.js'
import { ModernFront } from './modern-front.js'
import type { Build } from './tool-server.js'

const BUILD: Build = { tools: 40, style: 'hoisted' }
const BATCHES = 50

const call = asked('tools/call', { name: 'echo', arguments: { text: 'holdfast' } })
const list = asked('tools/list')

/** What a call costs in the process, without a web server, and what a list costs that is kept as bytes. */
export async function modernCall (operations: number): Promise<Figure[]> {
  const [least, withSdk] = [await lean(compared), await lean(classified)]
  const front = await ModernFront.start(options => modernToolServer(BUILD, options))
  const { shared, listed, ...leans } = await inTurns({
    least: async () => await right(least, call, '"text":"holdfast"'),
    withSdk: async () => await right(withSdk, call, '"text":"holdfast"'),
    shared: async () => await right(front, call, '"text":"holdfast"'),
    listed: async () => await right(front, list, '"name":"echo_39"')
  }, { batches: BATCHES, batch: Math.ceil(operations / BATCHES) })
  await front.close()
  const what = 'tools/call of 2026-07-28 in process'
  const kept = 'tools/list of 40 tools, kept as bytes'
  return [
    { what: `${what}, lean prototype (CPU)`, value: median(leans.least.cpu), unit: 'µs' },
    { what: `${what}, lean prototype that checks with the SDK (CPU)`, value: median(leans.withSdk.cpu), unit: 'µs' },
    { what: `${what}, shared v2 server (CPU)`, value: median(shared.cpu), unit: 'µs' },
    { what: `${what}, shared v2 server ÷ lean prototype`, value: turnRatio(shared.cpu, leans.least.cpu), unit: '×' },
    {
      what: `${what}, shared v2 server ÷ lean prototype that checks with the SDK`,
      value: turnRatio(shared.cpu, leans.withSdk.cpu),
      unit: '×',
      target: 1.3
    },
    { what: `${kept} (CPU)`, value: median(listed.cpu), unit: 'µs' },
    { what: `${kept} ÷ tools/call`, value: turnRatio(listed.cpu, shared.cpu), unit: '×', target: 0.5 }
  ]
}

async function lean (check: Check): Promise<LeanModern> {
  return await LeanModern.start(modernToolServer(BUILD, {
    supportedProtocolVersions: [...SUPPORTED_PROTOCOL_VERSIONS, MODERN_VERSION]
  }), check)
}

async function right (
  server: Pick<LeanModern, 'post'>, { text, headers }: Asked, expected: string
): Promise<void> {
  const answer = await server.post(text, headers)
  if (!answer.includes(expected) || answer.includes('"isError":true')) throw new Error(answer)
}
