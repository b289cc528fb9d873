import type { Checkpoints } from './checkpoints.js'
import type { Connection } from './connection.js'
import type { SqliteError } from './errors.js'

/** Milliseconds between two attempts. */
const INTERVAL = 1000

/**
 * What to do when the disk did not confirm a write. The system may have dropped what it could not write, and a further
 * sync would succeed all the same. So all calls fail until a checkpoint has written everything anew, to the database,
 * and has synced that.
 */
export class Healing {
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor (private readonly connection: Connection, private readonly checkpoints: Checkpoints) {}

  readonly begin = (error: SqliteError): void => {
    this.connection.fail(error)
    // No checkpoint reaches a file that was replaced.
    if (error.code === 'SQLITE_UNSYNCED') this.#plan()
  }

  stop (): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #plan (): void {
    if (!this.#stopped) this.#timer ??= setTimeout(() => { void this.#heal() }, INTERVAL).unref()
  }

  async #heal (): Promise<void> {
    const done = await this.checkpoints.runAnew('heal')
    this.#timer = undefined
    if (done) this.connection.recovered()
    else this.#plan()
  }
}
