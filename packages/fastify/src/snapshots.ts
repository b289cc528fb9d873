import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { type Sessions, isHoldfastError } from '@holdfast/core'

/** Milliseconds that the start waits for a snapshot: less than Fastify gives a hook. The rest of it comes back while the app runs. */
const PATIENCE = 5_000
/** Milliseconds, at most, until a snapshot that cannot be read, or whose key is not here, is tried again. */
const RETRY = 5_000

/** Brings sessions back when the app is ready, and writes them down: now and then while it runs, and when it closes. */
export class Snapshots {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  /** @param every milliseconds; undefined: at close only */
  constructor (private readonly sessions: Sessions, private readonly log: FastifyBaseLogger, private readonly every: number | undefined) {}

  /** Never rejects: until its snapshot is restored, an app answers 503 where it does not know a session. */
  async restore (): Promise<void> {
    const restored = this.#restore('report').then(() => this.#schedule())
    this.#running = restored
    await Promise.race([restored, pause(PATIENCE, undefined, { ref: false })])
  }

  /**
   * The last export. Where the app never became ready, nothing was restored, and nothing is written.
   *
   * @throws HoldfastError when sessions were not written; not where a snapshot is kept for another key, which was said at the start
   */
  async close (): Promise<void> {
    if (this.#running === undefined) return
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
    try {
      await this.#export()
    } catch (error) {
      this.#failed(error)
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_KEPT')) throw error
    }
  }

  #schedule (): void {
    const { every = Infinity } = this
    const delay = this.sessions.incomplete ? Math.min(every, RETRY) : every
    if (delay === Infinity || this.#closed) return
    this.#timer = setTimeout(() => {
      const work = this.sessions.incomplete ? this.#restore() : this.#export().catch(error => this.#failed(error))
      this.#running = work.then(() => this.#schedule())
    }, delay).unref()
  }

  /** @param report says also what was said before: that it must wait */
  async #restore (report?: 'report'): Promise<void> {
    try {
      const { invalid, ...counts } = await this.sessions.restoreSessionState()
      if (invalid.length === 0 && counts.overLimit === 0) this.log.info(counts, 'holdfast: the snapshot was restored')
      else if (report || !this.sessions.incomplete) this.log.error({ ...counts, invalid: invalid.slice(0, 10), lines: invalid.length }, 'holdfast: the snapshot was not restored completely')
    } catch (error) {
      if (report) this.log.error({ err: error }, 'holdfast: the snapshot could not be read')
    }
  }

  #failed (error: unknown): void {
    this.log.error({ err: error }, 'holdfast: the snapshot could not be written')
  }

  async #export (): Promise<void> {
    const report = await this.sessions.exportSessionState()
    this.log.info(report, 'holdfast: a snapshot was written')
  }
}
