import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { serveClient } from '../src/serve-client.js'

serveClient({
  cannot: { question: 'It answers no questions.' },
  async connect (url, { heard }) {
    let progressed = () => {}
    const client = new MultiServerMCPClient({
      mcpServers: { holdfast: { url, transport: 'http', automaticSSEFallback: false } },
      throwOnLoadError: true,
      onMessage: ({ data }) => heard(data),
      onProgress: ({ progress }) => progressed(progress)
    })
    const tools = Object.fromEntries((await client.getTools()).map(tool => [tool.name, tool]))
    return {
      tools: async () => await client.getTools(),
      call: async (name, args, onProgress = () => {}) => {
        progressed = onProgress
        return (await tools[name].invoke(args)).structuredContent
      }
    }
  }
})
