/** The revision without sessions. */
export const MODERN = '2026-07-28'

const PREFIX = 'io.modelcontextprotocol/'
const NAMED: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }

/** A request as a client of revision 2026-07-28 sends it. */
export interface ModernRequest {
  jsonrpc: '2.0'
  id: string | number
  method: string
  params: Record<string, any>
}

export interface ModernRequestOptions {
  id?: string | number
  /** What the client calls itself. Default `by-hand`. */
  client?: string
  /** Default none. */
  capabilities?: object
  /** What else is in `_meta`. */
  meta?: object
}

/** The message of a request. */
export function modernRequest (
  method: string, params: object = {},
  { id = 1, client = 'by-hand', capabilities = {}, meta = {} }: ModernRequestOptions = {}
): ModernRequest {
  const _meta = {
    [`${PREFIX}protocolVersion`]: MODERN,
    [`${PREFIX}clientCapabilities`]: capabilities,
    [`${PREFIX}clientInfo`]: { name: client, version: '1' },
    ...meta
  }
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } }
}

/** The headers that repeat what is in the message. */
export function modernHeaders ({ method, params }: ModernRequest): Record<string, string> {
  const name = params[NAMED[method] ?? '']
  return {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...typeof name === 'string' && { 'mcp-name': name }
  }
}
