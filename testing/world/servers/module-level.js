import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { serveServer } from '../src/serve-server.js'

// As many servers are written: for one client on standard input and output.
const server = new McpServer({ name: 'at-module-level', version: '1.0.0' })
server.registerTool('echo', {}, () => ({ content: [{ type: 'text', text: 'echo' }] }))

await serveServer(() => server)
