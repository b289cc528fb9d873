import fastify from 'fastify'
import holdfast, { type HoldfastOptions, generateKey } from '@holdfast/fastify'
import { redis } from '@holdfast/redis'
import { echoServer } from './echo-server.js'
import { listen } from './listen.js'

export async function onHoldfastRedis (
  url: string,
  responseMode: 'auto' | 'sse',
  encryption?: 'none'
): Promise<number> {
  const app = fastify()
  const sealing: Pick<HoldfastOptions, 'keys' | 'encryption'> = encryption === undefined
    ? { keys: generateKey('k1') }
    : { encryption }
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => echoServer(serverOptions),
    backend: redis({ url }),
    responseMode,
    ...sealing
  })
  return await listen(app)
}
