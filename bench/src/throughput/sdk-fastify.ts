import fastify from 'fastify'
import type { Mode } from './contender.js'
import { listen } from './listen.js'
import { sdkSessions } from './sdk-sessions.js'

export async function sdkFastify (mode: Mode): Promise<number> {
  const handle = sdkSessions(mode)
  const app = fastify()
  app.post('/mcp', async (request, reply) => {
    reply.hijack()
    await handle(request.raw, reply.raw, request.body)
  })
  return await listen(app)
}
