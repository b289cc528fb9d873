export const MODERN_VERSION = '2026-07-28'

const PREFIX = 'io.modelcontextprotocol/'

/** What each request of revision 2026-07-28 says of its client. */
export const meta = {
  [`${PREFIX}protocolVersion`]: MODERN_VERSION,
  [`${PREFIX}clientInfo`]: { name: 'bench', version: '1.0.0' },
  [`${PREFIX}clientCapabilities`]: { elicitation: {} }
}

/** The headers that repeat what is in the body. */
export function modernHeaders (method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': MODERN_VERSION, 'mcp-method': method, ...(name !== undefined && { 'mcp-name': name })
  }
}
