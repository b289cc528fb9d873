import { Worker } from 'node:worker_threads'
import { within } from '@holdfast/core'
import type { Moved, Move } from './checkpoint-worker.js'
import type { Connection } from './connection.js'
import { failureOf, translate } from './errors.js'

/** Pages in the `-wal` file from which on a checkpoint begins, and from which on writes wait for it. */
const BEGIN = 4096
const WAIT = 16_384

/** Pages that closing the database may have to move itself, in the main thread. */
const EASY = 256

/** Milliseconds between two looks at the length of the `-wal` file, and after a checkpoint that did not succeed. */
const INTERVAL = 50
const HELD_UP = 1000

/** Milliseconds that writes wait for a checkpoint, and that closing waits for the thread. A disk may hang. */
const PATIENCE = 5000

/**
 * Moves committed pages from the `-wal` file into the database, in a thread of its own. In the main thread this would
 * hold up every request.
 */
export class Checkpoints {
  #worker: Worker | undefined
  #running: Promise<boolean> | undefined
  #lookAt = 0
  #failed = false

  /** @param report called with the first failure after a success. Without checkpoints, the `-wal` file grows */
  constructor (private readonly connection: Connection, private readonly report: (error: Error) => void) {}

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
    const running = this.run(pages >= WAIT ? 'restart' : 'move')
    return pages >= WAIT ? within(running, PATIENCE) : undefined
  }

  /**
   * Resolves to whether the database has all that was committed before. The next write then begins the `-wal` file
   * anew. Never rejects.
   */
  async run (move: Move): Promise<boolean> {
    this.#running ??= this.#begin(move)
    return await this.#running
  }

  /** Like {@link run}, but never with a checkpoint that is running already. */
  async runAnew (move: Move): Promise<boolean> {
    while (this.#running !== undefined) await this.#running
    return await this.run(move)
  }

  /** Leaves little to do for closing the database. Resolves in time, also while the disk hangs. */
  async close (): Promise<void> {
    if (this.#running !== undefined || this.#pages() > EASY) await within(this.runAnew('move'), PATIENCE)
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    await within(ended, PATIENCE)
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

  async #begin (move: Move): Promise<boolean> {
    const { done, code } = await this.#ask(move)
    this.#running = undefined
    // A long read holds it up, such as a backup, or a write of a process that was stopped. Writes go on.
    if (!done && (move !== 'move' || code !== undefined)) this.#lookAt = performance.now() + HELD_UP
    const failed = code !== undefined && code !== 'SQLITE_BUSY'
    if (failed && !this.#failed) this.report(failureOf(code))
    if (done || failed) this.#failed = failed
    return done
  }

  async #ask (move: Move): Promise<Moved> {
    let worker: Worker
    try {
      worker = this.#worker ??= this.#start()
    } catch (error) {
      // The system has no further thread.
      return { done: false, code: translate(error).code }
    }
    return await new Promise((resolve) => {
      const onExit = (): void => { resolve({ done: false, code: 'SQLITE_FAILED' }) }
      worker.once('exit', onExit)
      worker.once('message', (moved: Moved) => {
        worker.off('exit', onExit)
        resolve(moved)
      })
      worker.postMessage(move)
    })
  }

  #start (): Worker {
    const worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url), {
      workerData: { path: this.connection.path, inode: this.connection.inode },
      // Flags of the process, such as those of node --eval, are not meant for it.
      execArgv: []
    })
    // An error ends it, and its end is what counts.
    worker.on('error', () => {})
    // The next attempt starts another one.
    worker.once('exit', () => { if (this.#worker === worker) this.#worker = undefined }).unref()
    return worker
  }
}
