import { randomBytes } from 'node:crypto'
import { Sessions, sealed } from '@holdfast/core'
import { Envelope, Keyring, generateKey } from '@holdfast/envelope'
import { memory } from '@holdfast/memory'
import { requestStateCodec } from '@holdfast/modern'
import { McpServer, type ServerContext, createRequestStateCodec } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { median } from '../statistics.js'
import type { Figure } from './figure.js'
import { inTurns, turnRatio } from './in-turns.js'
import { asked } from './modern-asked.js'
import { ModernFront } from './modern-front.js'

const BATCHES = 50
/** Bytes of JSON: nothing but a step, a small state, a large one. */
const SIZES = [10, 140, 1_000]

/** Making a `requestState` and checking it, as the codecs of ours and of the SDK do it. */
export async function modernState (operations: number): Promise<Figure[]> {
  const keyring = new Keyring(generateKey('k1'))
  const sessions = new Sessions({ backend: memory(), codec: sealed(new Envelope(keyring), keyring) })
  const ours = requestStateCodec({ sessions })
  // Bound as the SDK's documentation shows it: it leaves out the arguments, which ours always has.
  const theirs = createRequestStateCodec({
    key: randomBytes(32), bind: ({ mcpReq, http }) => `${mcpReq.method}\0${http?.authInfo?.clientId ?? ''}`
  })
  const ctx = await context()
  const state = ofBytes(140)
  const took = await inTurns({
    ours: async () => right(await ours.verify(await ours.mint(state, ctx), ctx)),
    theirs: async () => right(await theirs.verify(await theirs.mint(state, ctx), ctx))
  }, { batches: BATCHES, batch: Math.ceil(operations / BATCHES) })
  const what = 'requestState, mint + verify'
  const figures: Figure[] = [
    { what: `${what}, sealed by ours (CPU)`, value: median(took.ours.cpu), unit: 'µs' },
    { what: `${what}, signed by the SDK's codec (CPU)`, value: median(took.theirs.cpu), unit: 'µs' },
    { what: `${what}, ours ÷ SDK: CPU`, value: turnRatio(took.ours.cpu, took.theirs.cpu), unit: '×', target: 0.25 },
    { what: `${what}, ours ÷ SDK: time`, value: turnRatio(took.ours.wall, took.theirs.wall), unit: '×', target: 0.25 }
  ]
  for (const size of SIZES) {
    const [own, other] = [await ours.mint(ofBytes(size), ctx), await theirs.mint(ofBytes(size), ctx)]
    figures.push({
      what: `requestState, length for ${size} bytes of JSON, ours ÷ SDK`,
      value: own.length / other.length,
      unit: '×',
      target: 1.1
    })
  }
  return figures
}

/** What a handler of a shared server gets, for a call with arguments by somebody. */
async function context (): Promise<ServerContext> {
  let handed: ServerContext | undefined
  const front = await ModernFront.start(options => {
    const server = new McpServer({ name: 'states', version: '1.0.0' }, options)
    server.registerTool('buy', { inputSchema: z.object({ item: z.string(), count: z.number() }) }, (_args, ctx) => {
      handed = ctx
      return { content: [] }
    })
    return server
  })
  const { text, headers } = asked('tools/call', { name: 'buy', arguments: { item: 'a book', count: 2 } })
  await front.post(text, headers, {
    principal: { issuer: 'https://login.example.com', subject: 'client-7' },
    authInfo: { token: 't', clientId: 'client-7', scopes: [] }
  })
  await front.close()
  if (handed === undefined) throw new Error('No handler ran')
  return handed
}

function ofBytes (size: number): { s: string } {
  return { s: 'x'.repeat(size - '{"s":""}'.length) }
}

function right (verified: unknown): void {
  if (JSON.stringify(verified)?.length !== 140) throw new Error('Not the state that was made')
}
