import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { contentOf, serveClient } from '../src/serve-client.js'

serveClient({
  async connect (url, { heard, answer }) {
    const client = new Client({ name: 'sdk-v1', version: '1.0.0' }, { capabilities: { elicitation: {} } })
    client.setRequestHandler(ElicitRequestSchema, () => answer)
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => heard(params.data))
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    return {
      tools: async () => (await client.listTools()).tools,
      call: async (name, args, onProgress) => contentOf(await client.callTool({ name, arguments: args }, undefined, {
        ...onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }
      }))
    }
  }
})
