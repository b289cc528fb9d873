import { MCPClient } from '@mastra/mcp'
import { contentOf, serveClient } from '../src/serve-client.js'

serveClient({
  async connect (url, { heard, answer }) {
    let progressed = () => {}
    const client = new MCPClient({
      servers: {
        holdfast: {
          url: new URL(url),
          enableProgressTracking: true,
          inputRequests: async () => answer,
          logger: ({ details, message }) => heard(details?.params?.data ?? details?.data ?? message)
        }
      }
    })
    await client.progress.onUpdate('holdfast', ({ progress }) => progressed(progress))
    const { holdfast: tools } = await client.listToolsets()
    return {
      tools: async () => Object.keys((await client.listToolsets()).holdfast),
      call: async (name, args, onProgress = () => {}) => {
        progressed = onProgress
        const result = await tools[name].execute(args)
        return result.content === undefined ? result : contentOf(result)
      }
    }
  }
})
