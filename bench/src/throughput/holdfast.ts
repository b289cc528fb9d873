import fastify from 'fastify'
import holdfast from '@holdfast/fastify'
import { memory } from '@holdfast/memory'
import { echoServer } from './echo-server.js'
import { listen } from './listen.js'

export async function onHoldfast (responseMode: 'auto' | 'sse'): Promise<number> {
  const app = fastify()
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => echoServer(serverOptions),
    backend: memory(),
    responseMode
  })
  return await listen(app)
}
