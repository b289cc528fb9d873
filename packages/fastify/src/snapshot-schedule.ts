import { type Duration, HoldfastError, type Sessions, isHoldfastError, milliseconds, within } from '@holdfast/core'

/**
 * Milliseconds that the start waits for the snapshot: less than Fastify gives a hook. The rest is restored while the
 * app runs.
 */
const START_WAIT = 5_000
/** Milliseconds that the end waits in all for a restore, because an export replaces sessions that are not restored. */
const CLOSE_WAIT = 5_000
/** Milliseconds, at most, until the next attempt to restore a snapshot that cannot be read, or whose key is missing. */
const RETRY = 5_000

/** Restores the snapshot when the app is ready, and exports it at an interval and when the app closes. */
export class SnapshotSchedule {
  readonly #every: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false
  /** Aborted when the app closes, so that nothing waits for a snapshot that cannot be read. */
  readonly #givingUp = new AbortController()
  #last: Promise<void> | undefined
  #written = 0

  /**
   * @param every undefined: at close only
   * @param changes counts the changes to the content of a snapshot
   */
  constructor (
    private readonly sessions: Sessions,
    every: Duration | undefined,
    private readonly changes: () => number
  ) {
    this.#every = every === undefined ? Infinity : milliseconds(every, 'snapshot.every')
  }

  /** Never rejects: until its snapshot is restored, an app answers 503 to an unknown session id. */
  async restore (): Promise<void> {
    await within(this.#run(this.#restore()), START_WAIT, true)
  }

  /**
   * Begins the last export, which waits for no peer. An app that never became ready has restored nothing, so it writes
   * nothing. Only {@link close} reports a failure.
   */
  begin (): void {
    if (this.#running === undefined || this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#last = this.#export(this.#running)
    this.#last.catch(() => {})
  }

  /**
   * Waits for the last export, and exports once more if sessions have changed since it began.
   *
   * @throws HoldfastError when sessions were not written, except when the old snapshot is kept for its missing key
   */
  async close (): Promise<void> {
    this.begin()
    await this.#last
    if (this.#last !== undefined && this.changes() !== this.#written) await this.#export(undefined)
  }

  async #export (before: Promise<void> | undefined): Promise<void> {
    try {
      const end = performance.now() + CLOSE_WAIT
      if (before !== undefined) await until(end, before)
      if (this.sessions.incomplete) await until(end, this.#restore())
    } catch (error) {
      this.#givingUp.abort()
      this.sessions.emit('snapshotExportFailed', { error })
      throw error
    }
    this.#written = this.changes()
    try {
      await this.sessions.exportSessionState()
    } catch (error) {
      // The failure was logged when it happened. The old snapshot is complete, and opens with the right keys.
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_KEPT')) throw error
    }
  }

  async #restore (): Promise<unknown> {
    return await this.sessions.restoreSessionState(undefined, { signal: this.#givingUp.signal })
  }

  /** Sessions report a failure as an event, and the timer tries again. */
  async #run (work: Promise<unknown>): Promise<void> {
    this.#running = work.then(() => {}, () => {}).then(() => { this.#schedule() })
    await this.#running
  }

  #schedule (): void {
    const delay = this.sessions.incomplete ? Math.min(this.#every, RETRY) : this.#every
    if (delay === Infinity || this.#closed) return
    this.#timer = setTimeout(() => {
      void this.#run(this.sessions.incomplete ? this.#restore() : this.sessions.exportSessionState())
    }, delay).unref()
  }
}

/** @throws HoldfastError when the time is over first */
async function until (end: number, work: Promise<unknown>): Promise<void> {
  if (await within(work, end - performance.now())) return
  throw new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', 'The snapshot could not be read in time, and was not replaced.')
}
