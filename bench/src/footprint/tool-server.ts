import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { ServerOptions } from '@modelcontextprotocol/sdk/server/index.js'
import { z } from 'zod'

export interface Build {
  tools: number
  /**
   * `naive` builds the schemas inside the factory; `hoisted` has built them before and is given shared server options.
   */
  style: 'naive' | 'hoisted'
}

const schema = (n: number) => z.object({
  query: z.string().min(1).describe(`What to look for in ${n}`),
  limit: z.number().int().min(1).max(100).optional(),
  order: z.enum(['newest', 'oldest', 'relevance']).optional(),
  tags: z.array(z.string()).optional()
})

const hoisted = Array.from({ length: 40 }, (_, n) => schema(n))

/** A server of so many tools; `tool_0` answers every call at once. */
export function toolServer ({ tools, style }: Build, options: ServerOptions): McpServer {
  const server = new McpServer({ name: 'tools', version: '1.0.0' }, style === 'naive' ? {} : options)
  for (let n = 0; n < tools; n++) {
    const inputSchema = style === 'naive' ? schema(n) : hoisted[n]!
    server.registerTool(`tool_${n}`, { description: `Looks for things in ${n}`, inputSchema }, ({ query }) => ({
      content: [{ type: 'text', text: query }]
    }))
  }
  return server
}
