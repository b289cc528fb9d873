import { HoldfastError, type Sessions, isHoldfastError, within } from '@holdfast/core'

/** Milliseconds that the start waits for a snapshot: less than Fastify gives a hook. The rest of it comes back while the app runs. */
const START_WAIT = 5_000
/** Milliseconds that the end waits, in all, until what is there has been restored, which it would otherwise replace. */
const CLOSE_WAIT = 5_000
/** Milliseconds, at most, until a snapshot that cannot be read, or whose key is not here, is tried again. */
const RETRY = 5_000

/** Brings sessions back when the app is ready, and writes them down: now and then while it runs, and when it closes. */
export class SnapshotSchedule {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false
  /** The app closes: what cannot be read is not waited for. */
  readonly #givingUp = new AbortController()
  #last: Promise<void> | undefined
  #written = 0

  /**
   * @param every milliseconds; undefined: at close only
   * @param changes how often what a snapshot holds has changed
   */
  constructor (private readonly sessions: Sessions, private readonly every: number | undefined, private readonly changes: () => number) {}

  /** Never rejects: until its snapshot is restored, an app answers 503 where it does not know a session. */
  async restore (): Promise<void> {
    await within(this.#run(this.#restore()), START_WAIT, true)
  }

  /**
   * Begins the last export: it waits for no peer. Where the app never became ready, nothing was restored, and nothing is written. Only
   * {@link close} tells of a failure.
   */
  begin (): void {
    if (this.#running === undefined || this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#last = this.#export(this.#running)
    this.#last.catch(() => {})
  }

  /**
   * Waits for the last export, and writes once more where sessions have changed since it began.
   *
   * @throws HoldfastError when sessions were not written; not where a snapshot is kept for another key, which was said at the start
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
      // It was told, as every failure is; the right keys will find all that was there.
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_KEPT')) throw error
    }
  }

  async #restore (): Promise<unknown> {
    return await this.sessions.restoreSessionState(undefined, { signal: this.#givingUp.signal })
  }

  /** A failure is an event of the sessions, and the timer tries again. */
  async #run (work: Promise<unknown>): Promise<void> {
    this.#running = work.then(() => {}, () => {}).then(() => { this.#schedule() })
    await this.#running
  }

  #schedule (): void {
    const { every = Infinity } = this
    const delay = this.sessions.incomplete ? Math.min(every, RETRY) : every
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
