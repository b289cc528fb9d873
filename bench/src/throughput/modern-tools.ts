import { McpServer, type McpServerOptions } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { Build } from '../footprint/tool-server.js'

/** Small on purpose: the larger a schema, the more there is to win over building it in the factory. */
const schema = () => z.object({ text: z.string(), times: z.number().optional() })

const hoisted = Array.from({ length: 40 }, schema)

/** A server of SDK v2 with so many tools, of which `echo` says what it was told. */
export function modernToolServer ({ tools, style }: Build, options?: McpServerOptions): McpServer {
  const server = new McpServer({ name: 'tools', version: '1.0.0' }, options)
  for (let n = 0; n < tools; n++) {
    const inputSchema = style === 'naive' ? schema() : hoisted[n]!
    server.registerTool(n === 0 ? 'echo' : `echo_${n}`, { description: 'Says it again', inputSchema }, ({ text }) => ({
      content: [{ type: 'text', text }]
    }))
  }
  return server
}
