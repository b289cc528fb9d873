import type { RecordKey } from '@holdfast/core'
import type { Connection } from './connection.js'
import type { Head, Heads } from './heads.js'
import type { Turns } from './turns.js'

/** Uses that one transaction writes. More would hold up the process. */
const SLICE = 50

/**
 * The last uses of records, which this process writes behind. So a request writes nothing, and a session is written at
 * most once in `delay`. A use is written at once when the record would otherwise soon look expired to other processes.
 */
export class Touches {
  readonly unwritten = new Map<RecordKey, number>()
  heads: Heads | undefined
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()
  #failed = false
  #closed = false

  /**
   * @param sql writes a use unless the file has a later one
   * @param delay milliseconds
   * @param report called with the first failure after a success
   */
  constructor (
    private readonly connection: Connection,
    private readonly turns: Turns,
    private readonly sql: string,
    private readonly delay: number,
    private readonly report: (error: Error) => void
  ) {}

  /** @returns a promise when the caller has to wait until the use is written */
  use (head: Head, now: number): Promise<void> | undefined {
    if (now > head.usedAt) head.usedAt = now
    this.unwritten.set(head.key, head.usedAt)
    this.#plan()
    const storedEnd = head.storedUse + head.idle
    if (storedEnd - now > 5 * this.delay || storedEnd >= head.deadline) return undefined
    return this.#write([[head.key, head.usedAt]])
  }

  /** Resolves when the file has all uses, or has refused them. Later ones are not written. */
  async close (): Promise<void> {
    this.#closed = true
    this.#begin()
    await this.#flushing
  }

  #plan (): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => { this.#begin() }, this.delay).unref()
  }

  #begin (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing = this.#flushing.then(async () => await this.#flush())
  }

  async #flush (): Promise<void> {
    const uses = [...this.unwritten]
    try {
      for (let i = 0; i < uses.length; i += SLICE) await this.#write(uses.slice(i, i + SLICE))
      this.#failed = false
    } catch (error) {
      // The uses stay, and the next flush tries again, also when no further use comes.
      this.#plan()
      if (!this.#failed) this.report(error as Error)
      this.#failed = true
    }
  }

  async #write (uses: ReadonlyArray<[key: RecordKey, use: number]>): Promise<void> {
    await this.turns.write(() => {
      for (const [key, use] of uses) {
        this.connection.run(this.sql, use, key)
        this.heads?.stored(key, use)
      }
    }, false)
    for (const [key, use] of uses) if (this.unwritten.get(key) === use) this.unwritten.delete(key)
  }
}
