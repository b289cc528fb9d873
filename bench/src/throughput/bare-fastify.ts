import fastify from 'fastify'
import { listen } from './listen.js'

interface Call { id: number, params: { arguments: { text: string } } }

/** The limit: what an answer of the same shape costs without any MCP behind it. */
export async function bareFastify (): Promise<number> {
  const app = fastify()
  app.post<{ Body: Call }>('/mcp', async ({ body }) => (
    { result: { content: [{ type: 'text', text: body.params.arguments.text }] }, jsonrpc: '2.0', id: body.id }
  ))
  return await listen(app)
}
