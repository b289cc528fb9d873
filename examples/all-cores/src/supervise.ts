import cluster from 'node:cluster'

/** Milliseconds between the end of a worker and the start of the next one in its place. */
const PAUSE = 1000

/**
 * What the primary does: it starts the workers, and a second after the end of one it starts another one. On SIGTERM and
 * SIGINT it sends SIGTERM to all workers, and ends after them: with code 0, or 1 when one of them could not close. It
 * ends with code 1, too, when a worker ends before any has listened: starting again would not help.
 */
export function supervise (workers: number): void {
  let listening = 0
  let stopping = false

  const start = (): void => {
    if (stopping) return
    const worker = cluster.fork()
    worker.once('listening', ({ port }) => {
      console.log(`worker ${worker.process.pid} listens`)
      if (++listening === workers) console.log(`listening on http://127.0.0.1:${port}/mcp`)
    })
    worker.once('exit', (code: number, signal: string | null) => {
      if (stopping) {
        // SIGTERM ends a worker that is just starting, and has no session open.
        if (code !== 0 && signal !== 'SIGTERM') process.exitCode = 1
        return
      }
      console.error(`worker ${worker.process.pid} ended: ${signal ?? code}`)
      if (listening === 0) process.exit(1)
      setTimeout(start, PAUSE)
    })
  }

  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      stopping = true
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
    })
  }
  for (let place = 0; place < workers; place++) start()
}
