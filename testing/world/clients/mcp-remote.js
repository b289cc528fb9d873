import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { contentOf, serveClient } from '../src/serve-client.js'

const PROXY = fileURLToPath(new URL('proxy.js', import.meta.resolve('mcp-remote/dist/proxy.js')))

// As desktop applications use it: they speak stdio with mcp-remote, which speaks HTTP with the server.
serveClient({
  async connect (url, { heard, answer }) {
    const client = new Client({ name: 'mcp-remote', version: '1.0.0' }, { capabilities: { elicitation: {} } })
    client.setRequestHandler(ElicitRequestSchema, () => answer)
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => heard(params.data))
    await client.connect(new StdioClientTransport({
      command: process.execPath, args: [PROXY, url, '--allow-http', '--transport', 'http-only']
    }))
    return {
      tools: async () => (await client.listTools()).tools,
      call: async (name, args, onProgress) => contentOf(await client.callTool({ name, arguments: args }, undefined, {
        ...onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }
      }))
    }
  }
})
