import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import holdfast from '@holdfast/fastify'
import { sqlite } from '@holdfast/sqlite'
import Fastify from 'fastify'
import { createServer } from './mcp-server.js'
import { supervise } from './supervise.js'

// At least two workers: while one is replaced, another one serves.
if (cluster.isPrimary) supervise(Math.max(2, availableParallelism()))
else await serve()

/** A worker: it opens the file and listens to the port that all workers share, and serves every session. */
async function serve (): Promise<void> {
  const app = Fastify({
    logger: { level: 'warn', stream: process.stderr },
    return503OnClosing: false,
    requestTimeout: 30_000
  })
  // Ctrl-C sends SIGINT to all processes, and then SIGTERM comes from the primary.
  let closing: Promise<void> | undefined
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => { closing ??= app.close().then(() => process.exit(0), () => process.exit(1)) })
  }
  const backend = sqlite({ path: process.env.HOLDFAST_SQLITE })
  app.addHook('onClose', async () => { await backend.close() })
  // A client whose stream broke need not wait for long: another worker is there.
  await app.register(holdfast, { createServer, backend, health: '/health', streams: { standaloneRetry: '1s' } })
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
}
