import type { FastifyBaseLogger } from 'fastify'
import { type Sessions, isHoldfastError } from '@holdfast/core'

/** Brings sessions back when the app is ready, and writes them down: now and then while it runs, and when it closes. */
export class Snapshots {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  /** @param every milliseconds; undefined: at close only */
  constructor (private readonly sessions: Sessions, private readonly log: FastifyBaseLogger, private every: number | undefined) {}

  /** Never rejects: an app whose snapshot cannot be read answers 503 where it does not know a session. */
  async restore (): Promise<void> {
    try {
      const { invalid, ...counts } = await this.sessions.restoreSessionState()
      if (invalid.length === 0) this.log.info(counts, 'holdfast: the snapshot was restored')
      else this.log.error({ ...counts, invalid: invalid.slice(0, 10), lines: invalid.length }, 'holdfast: the snapshot was not restored completely')
    } catch (error) {
      this.log.error({ err: error }, 'holdfast: the snapshot could not be read')
    }
    this.#schedule()
  }

  /**
   * The last export.
   *
   * @throws HoldfastError when sessions were not written; not where a snapshot is kept for another key, which was said at the start
   */
  async close (): Promise<void> {
    clearTimeout(this.#timer)
    this.every = undefined
    await this.#running
    try {
      await this.#export()
    } catch (error) {
      this.#failed(error)
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_KEPT')) throw error
    }
  }

  #schedule (): void {
    if (this.every === undefined) return
    this.#timer = setTimeout(() => {
      this.#running = this.#export().catch(error => this.#failed(error)).then(() => this.#schedule())
    }, this.every).unref()
  }

  #failed (error: unknown): void {
    this.log.error({ err: error }, 'holdfast: the snapshot could not be written')
  }

  async #export (): Promise<void> {
    const report = await this.sessions.exportSessionState()
    this.log.info(report, 'holdfast: a snapshot was written')
  }
}
