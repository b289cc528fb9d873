import type { HoldfastOptions } from '@holdfast/fastify'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { addContentTools } from './conformance-content.js'
import { addJsonSchemaTool } from './conformance-json-schema.js'
import { addPrompts } from './conformance-prompts.js'
import { addRequestTools } from './conformance-requests.js'
import { addResources } from './conformance-resources.js'
import { addStreamTools } from './conformance-streams.js'
import { addDemoTools } from './demo-tools.js'
import { addWatchedResource } from './watched-resource.js'

/** The server of one session: the demo tools, and all that the MCP conformance suite asks for. */
export const createServer = ((session, { serverOptions }) => {
  const server = new McpServer({ name: 'holdfast-reference-server', version: '0.0.0' }, {
    ...serverOptions,
    capabilities: { logging: {}, resources: { subscribe: true } }
  })
  addResources(server)
  addDemoTools(server, session, addWatchedResource(server, session))
  addPrompts(server)
  addContentTools(server)
  addJsonSchemaTool(server)
  addStreamTools(server)
  addRequestTools(server)
  return server
}) satisfies HoldfastOptions['createServer']
