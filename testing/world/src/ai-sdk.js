import { contentOf, serveClient } from './serve-client.js'

/** @param {typeof import('ai-sdk-mcp-2')} library one of its versions */
export function serveAiSdk ({ createMCPClient, ElicitationRequestSchema }) {
  serveClient({
    cannot: {
      progress: 'It shows the caller no progress.',
      hear: 'It hands no notifications to the application.'
    },
    async connect (url, { answer }) {
      const client = await createMCPClient({ transport: { type: 'http', url }, capabilities: { elicitation: {} } })
      client.onElicitationRequest(ElicitationRequestSchema, () => answer)
      const tools = await client.tools()
      return {
        tools: async () => Object.keys(await client.tools()),
        call: async (name, args) => contentOf(await tools[name].execute(args, { toolCallId: name, messages: [] }))
      }
    }
  })
}
