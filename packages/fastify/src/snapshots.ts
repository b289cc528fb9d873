import { setTimeout as pause } from 'node:timers/promises'
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
  constructor (private readonly sessions: Sessions, private readonly every: number | undefined) {}

  /** Never rejects: until its snapshot is restored, an app answers 503 where it does not know a session. */
  async restore (): Promise<void> {
    this.#run(this.sessions.restoreSessionState())
    await Promise.race([this.#running, pause(PATIENCE, undefined, { ref: false })])
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
      await this.sessions.exportSessionState()
    } catch (error) {
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_KEPT')) throw error
    }
  }

  /** A failure is an event of the sessions, and the timer tries again. */
  #run (work: Promise<unknown>): void {
    this.#running = work.then(() => {}, () => {}).then(() => { this.#schedule() })
  }

  #schedule (): void {
    const { every = Infinity } = this
    const delay = this.sessions.incomplete ? Math.min(every, RETRY) : every
    if (delay === Infinity || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#run(this.sessions.incomplete ? this.sessions.restoreSessionState() : this.sessions.exportSessionState())
    }, delay).unref()
  }
}
