import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js'
import { z } from 'zod'

const input = z.object({ text: z.string() })

/** The server that every contender runs: one tool that says what it was told. */
export function echoServer (options?: ServerOptions): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' }, options)
  server.registerTool('echo', { description: 'Says it again', inputSchema: input }, ({ text }) => ({
    content: [{ type: 'text', text }]
  }))
  return server
}
