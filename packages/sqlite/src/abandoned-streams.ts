import type { Connection } from './connection.js'
import type { streamStatements } from './statements.js'
import type { Turns } from './turns.js'

/** Events that one transaction deletes. More would hold up the process: a stream may have thousands. */
const SLICE = 200

/** Milliseconds until an attempt after one that failed. */
const LATER = 1000

/**
 * Deletes the events of streams that are not needed any more: of records that are gone, or dropped. A removal only
 * marks them, because their events may be many, and a caller waits.
 */
export class AbandonedStreams {
  #running: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor (
    private readonly connection: Connection,
    private readonly turns: Turns,
    private readonly sql: ReturnType<typeof streamStatements>
  ) {}

  /** Call it after a stream was marked, and when the partition is opened: a process may have been killed. */
  plan (): void {
    this.#again = true
    if (!this.#closed) this.#running ??= this.#deleteAll()
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #deleteAll (): Promise<void> {
    // The transaction that marked them comes first.
    await undefined
    try {
      while (this.#again && !this.#closed) {
        this.#again = false
        while (!this.#closed && await this.turns.write(() => this.#deleteSome(), false));
      }
    } catch {
      // Others were told what is wrong with the file. What is left takes room only.
      if (!this.#closed) this.#timer = setTimeout(() => { this.plan() }, LATER).unref()
    }
    this.#running = undefined
  }

  /** @returns whether there may be more */
  #deleteSome (): boolean {
    const stream = this.connection.get<{ id: number }>(this.sql.abandoned)
    if (stream === undefined) return false
    const deleted = this.connection.run(this.sql.deleteSome, stream.id, stream.id, SLICE)
    if (deleted < SLICE) this.connection.run(this.sql.remove, stream.id)
    return true
  }
}
