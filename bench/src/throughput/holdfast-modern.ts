import fastify from 'fastify'
import holdfast, { type HoldfastOptions } from '@holdfast/fastify'
import { memory } from '@holdfast/memory'
import type { Build } from '../footprint/tool-server.js'
import { echoServer } from './echo-server.js'
import { listen } from './listen.js'
import { modernToolServer } from './modern-tools.js'

/** One server of SDK v2 for all requests. */
export async function onShared (build: Build): Promise<number> {
  return await started({ modern: { server: ({ serverOptions }) => modernToolServer(build, serverOptions) } })
}

/** Servers of SDK v1, each for the client that the application names: without a name, every call makes a server. */
export async function onBridge (): Promise<number> {
  return await started({ modern: 'auto', principal: ({ headers }) => ({ subject: String(headers.user) }) })
}

/** Sessions, while clients of the other revision would be served, too. */
export async function onBoth (): Promise<number> {
  return await started({ modern: 'auto' })
}

async function started (options: Partial<HoldfastOptions>): Promise<number> {
  const app = fastify()
  await app.register(holdfast, {
    createServer: (_session, { serverOptions }) => echoServer(serverOptions),
    backend: memory(),
    ...options
  })
  return await listen(app)
}
