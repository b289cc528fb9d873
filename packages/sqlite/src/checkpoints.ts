import { Worker } from 'node:worker_threads'
import type { Connection } from './connection.js'

/** Pages in the `-wal` file from which on a checkpoint begins, and from which on writes wait for it. */
const BEGIN = 4096
const WAIT = 16_384

/** Milliseconds between two looks at the length of the `-wal` file, and after a checkpoint that readers held up. */
const INTERVAL = 50
const HELD_UP = 1000

/**
 * Moves committed pages from the `-wal` file into the database, in a thread of its own. In the main thread this would
 * hold up every request.
 */
export class Checkpoints {
  #worker: Worker | undefined
  #running: Promise<boolean> | undefined
  #lookAt = 0

  constructor (private readonly connection: Connection) {}

  /**
   * Call it after each transaction.
   *
   * @returns what the next transaction has to wait for
   */
  readonly committed = (): Promise<unknown> | undefined => {
    const now = performance.now()
    if (now < this.#lookAt) return undefined
    this.#lookAt = now + INTERVAL
    const pages = this.#pages()
    if (pages < BEGIN) return undefined
    const running = this.run(pages >= WAIT)
    return pages >= WAIT ? running : undefined
  }

  /**
   * Resolves to whether the database has all that was committed before. The next write then begins the `-wal`
   * file anew.
   */
  async run (insist: boolean): Promise<boolean> {
    this.#running ??= this.#begin(insist)
    return await this.#running
  }

  async close (): Promise<void> {
    await this.#running
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.ref()
    worker.postMessage('close')
    await ended
  }

  #pages (): number {
    try {
      const state = this.connection.ask(() => this.connection.get<{ log: number }>('PRAGMA wal_checkpoint(NOOP)'))
      return (state as { log: number }).log
    } catch {
      // The commit before has succeeded. What is wrong now, the next one tells its callers.
      return 0
    }
  }

  async #begin (insist: boolean): Promise<boolean> {
    const done = await this.#ask(insist)
    this.#running = undefined
    // A long read holds it up, such as a backup. Writes go on.
    if (!done && insist) this.#lookAt = performance.now() + HELD_UP
    return done
  }

  async #ask (insist: boolean): Promise<boolean> {
    const worker = this.#worker ??= this.#start()
    return await new Promise((resolve) => {
      const onExit = (): void => { resolve(false) }
      worker.once('exit', onExit)
      worker.once('message', (done: boolean) => {
        worker.off('exit', onExit)
        resolve(done)
      })
      worker.postMessage(insist)
    })
  }

  #start (): Worker {
    const worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url), {
      workerData: this.connection.path,
      // Flags of the process, such as those of node --eval, are not meant for it.
      execArgv: []
    })
    const forget = (): void => { if (this.#worker === worker) this.#worker = undefined }
    // Without it, the -wal file grows. The next attempt starts another one.
    worker.on('error', forget).on('exit', forget)
    worker.unref()
    return worker
  }
}
