import { type Inbound, type Request, header } from '@holdfast/transport'
import { HEADER_MISMATCH } from '../error-codes.js'
import type { HttpFailure } from '../failure.js'
import { type HeaderFault, headerFault } from './header-value.js'

/**
 * The param that `Mcp-Name` repeats (basic/transports/streamable-http, Standard Request Headers; the Tasks extension
 * adds its methods).
 */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'], ['prompts/get', 'name'], ['resources/read', 'uri'],
  ['tasks/get', 'taskId'], ['tasks/update', 'taskId'], ['tasks/cancel', 'taskId']
])

const WORDS: Record<HeaderFault, string> = {
  missing: 'is missing', invalid: 'is not valid', different: 'does not match the body'
}

/** The refusal of a request whose headers do not say what its body says. The version is compared with `_meta`. */
export function refusedHeaders ({ method, params }: Request, inbound: Inbound): HttpFailure | undefined {
  if (header(inbound, 'mcp-protocol-version') === undefined) return mismatch('MCP-Protocol-Version', 'missing')
  const named = header(inbound, 'mcp-method')
  if (named !== method) return mismatch('Mcp-Method', named === undefined ? 'missing' : 'different')
  const source = NAMED.get(method)
  if (source === undefined) return undefined
  const name = params?.[source]
  // Without a name, the request is not valid, and is refused for that.
  if (typeof name !== 'string') return undefined
  const fault = headerFault(inbound.headers['mcp-name'], value => value === name)
  return fault && mismatch('Mcp-Name', fault)
}

/** Says which header, and nothing of what it or the body says. */
export function mismatch (name: string, fault: HeaderFault): HttpFailure {
  return { error: { code: HEADER_MISMATCH, message: `Header mismatch: ${name} ${WORDS[fault]}` }, status: 400 }
}
