import type { McpSession } from '@holdfast/fastify'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const URI = 'test://watched-resource'

/**
 * The session's total as a resource that a client can subscribe to.
 *
 * @returns tells the client that the total changed, if it subscribed
 */
export function addWatchedResource (server: McpServer, session: McpSession): () => Promise<void> {
  const subscribed = new Set<string>()

  server.registerResource('watched-resource', URI, {
    description: 'The total of the counter',
    mimeType: 'text/plain'
  }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: String(session.data.total ?? 0) }]
  }))
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    subscribed.add(params.uri)
    return {}
  })
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri)
    return {}
  })

  return async () => {
    if (subscribed.has(URI)) await server.server.sendResourceUpdated({ uri: URI })
  }
}
