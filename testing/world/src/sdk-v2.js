import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { contentOf, serveClient } from './serve-client.js'

/** @param {string} [mode] how it finds out which protocol the server speaks; by default, as the SDK does */
export function serveSdkV2 (mode) {
  serveClient({
    async connect (url, { heard, answer }) {
      const client = new Client({ name: 'sdk-v2', version: '1.0.0' }, {
        capabilities: { elicitation: { form: {} } }, ...mode !== undefined && { versionNegotiation: { mode } }
      })
      client.setRequestHandler('elicitation/create', () => answer)
      client.setNotificationHandler('notifications/message', ({ params }) => heard(params.data))
      await client.connect(new StreamableHTTPClientTransport(new URL(url)))
      return {
        tools: async () => (await client.listTools()).tools,
        call: async (name, args, onProgress) => contentOf(await client.callTool({ name, arguments: args }, {
          ...onProgress !== undefined && { onprogress: ({ progress }) => onProgress(progress) }
        }))
      }
    }
  })
}
