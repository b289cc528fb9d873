import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { echoServer } from '../throughput/echo-server.js'

/** A server of SDK v1 as it was written for sessions: its tool `ask` waits for the user. */
export function askingServer (options: ServerOptions): McpServer {
  const server = echoServer(options)
  server.registerTool('ask', { description: 'Asks the user' }, async ({ requestId }) => {
    const { action } = await server.server.elicitInput({
      message: 'Go on?', requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } }
    }, { relatedRequestId: requestId })
    return { content: [{ type: 'text', text: action }] }
  })
  return server
}
