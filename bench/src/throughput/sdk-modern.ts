import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import fastify from 'fastify'
import type { Build } from '../footprint/tool-server.js'
import { listen } from './listen.js'
import { modernToolServer } from './modern-tools.js'

/** The SDK's handler as its documentation mounts it: the parsed body is handed on, the response is its own. */
export async function sdkModern (build: Build): Promise<number> {
  const handle = toNodeHandler(createMcpHandler(() => modernToolServer(build)))
  const app = fastify()
  app.post('/mcp', async (request, reply) => {
    reply.hijack()
    await handle(request.raw as NodeIncomingMessageLike, reply.raw, request.body)
  })
  return await listen(app)
}
