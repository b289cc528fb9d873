import { MCPClient } from 'mcp-use/client'
import { contentOf, serveClient } from '../src/serve-client.js'

serveClient({
  async connect (url, { heard, answer }) {
    const client = new MCPClient({ mcpServers: { holdfast: { url } } }, {
      onElicitation: async () => answer,
      onNotification: ({ method, params }) => { if (method === 'notifications/message') heard(params.data) }
    })
    const session = await client.createSession('holdfast')
    return {
      tools: async () => await session.listTools(),
      call: async (name, args, onProgress) => contentOf(await session.callTool(name, args, {
        ...onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }
      }))
    }
  }
})
