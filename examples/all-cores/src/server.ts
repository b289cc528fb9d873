import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import holdfast from '@holdfast/fastify'
import { sqlite } from '@holdfast/sqlite'
import Fastify from 'fastify'
import { createServer } from './mcp-server.js'

/** One for each core, and at least two: while one is replaced, another one serves. */
const WORKERS = Math.max(2, availableParallelism())
/** Milliseconds between two starts in one place, so that a worker that cannot run costs no more than that. */
const PAUSE = 1000

/** While a worker closes, the plugin answers. A request has 30 s to arrive. */
const APP = { return503OnClosing: false, requestTimeout: 30_000 }

if (cluster.isPrimary) supervise()
else await serve()

/** A worker: it has the file open, and answers for every session. All workers share one port. */
async function serve (): Promise<void> {
  const app = Fastify({ logger: { level: 'warn', stream: process.stderr }, ...APP })
  // Ctrl-C comes from the terminal, and then SIGTERM from the primary.
  let closing: Promise<void> | undefined
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => { closing ??= app.close().then(() => process.exit(0), () => process.exit(1)) })
  }
  const backend = sqlite({ path: process.env.HOLDFAST_SQLITE })
  app.addHook('onClose', async () => { await backend.close() })
  // Clients whose stream broke need not wait for long: another worker is there.
  await app.register(holdfast, { createServer, backend, health: '/health', streams: { standaloneRetry: '1s' } })
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
}

/** The primary: it serves nothing, starts the workers, replaces those that end, and ends when it is told to. */
function supervise (): void {
  let listening = 0
  let stopping = false

  const start = (): void => {
    if (stopping) return
    const began = performance.now()
    const worker = cluster.fork()
    worker.once('exit', (code: number, signal: string | null) => {
      if (stopping) {
        if (code !== 0 && signal !== 'SIGTERM') process.exitCode = 1
        return
      }
      console.error(`worker ${worker.process.pid} ended: ${signal ?? code}`)
      // Nothing has worked yet, so starting again would not help.
      if (listening === 0) process.exit(1)
      setTimeout(start, Math.max(0, began + PAUSE - performance.now()))
    })
    worker.once('listening', ({ port }) => {
      console.log(`worker ${worker.process.pid} listens`)
      if (++listening === WORKERS) console.log(`listening on http://127.0.0.1:${port}/mcp`)
    })
  }

  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      stopping = true
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
    })
  }
  for (let place = 0; place < WORKERS; place++) start()
}
