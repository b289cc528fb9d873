import { MCPServerStreamableHttp } from '@openai/agents'
import { contentOf, serveClient } from '../src/serve-client.js'

serveClient({
  cannot: {
    progress: 'It shows the caller no progress.',
    question: 'It answers no questions.',
    hear: 'It hands no notifications to the application.'
  },
  async connect (url) {
    const server = new MCPServerStreamableHttp({ url, name: 'holdfast' })
    await server.connect()
    return {
      tools: async () => await server.listTools(),
      call: async (name, args) => contentOf(await server.callToolResult(name, args))
    }
  }
})
