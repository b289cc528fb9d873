import type { Backend } from '../backend.js'
import { HoldfastError } from '../errors.js'
import { partitionOf } from '../partitions.js'
import type { RecordKey } from '../record.js'
import { bury } from './tombstone.js'
import type { Change } from './change.js'
import { follow } from './update-copy.js'
import { Marks } from './pending-changes.js'
import { type MigrateOptions, migrate } from './migrate.js'
import { type MigrationReport, MigrationStopped } from './report.js'

/** How far a copy is behind. */
export interface Lag {
  /** Records of which it lacks something; Infinity when there were too many to be told apart. */
  pending: number
  /** Milliseconds since the oldest of it happened. */
  age: number
  /** What the last attempt to catch up failed with; absent when it succeeded. */
  error?: unknown
}

const AT_ONCE = 100
/** Milliseconds until a failed attempt is repeated: this, twice this and so on, up to a hundred times this. */
const FIRST_RETRY = 50

/** Keeps one copy up to date, in its own time. What fails is tried again until it succeeds. */
export class Follower {
  readonly #marks: Marks
  /** Since when it lacks something of more records than are told apart. */
  #lost: number | undefined
  /** Records that are being brought up to date, the oldest of them marked at `since`. */
  #taken = { size: 0, since: Infinity }
  #working: Promise<void> | undefined
  #held = false
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #error: unknown
  #waiting: Array<{ steps: number, resolve: () => void, reject: (error: unknown) => void }> = []

  /** @param most records that are told apart when it lacks something of them; of more, all are looked at */
  constructor (readonly copy: Backend, private readonly primary: () => Backend, most = 100_000) {
    this.#marks = new Marks(most)
  }

  get lag (): Lag {
    const since = Math.min(this.#lost ?? Infinity, this.#marks.since, this.#taken.since)
    return {
      pending: this.#lost === undefined ? this.#marks.size + this.#taken.size : Infinity,
      age: Math.max(0, performance.now() - since),
      ...(this.#failures > 0 && { error: this.#error })
    }
  }

  mark (partition: string, key: RecordKey, change: Change): void {
    if (!this.#marks.add(partition, key, change)) this.#lost ??= performance.now()
    if (this.#timer === undefined) this.#start()
  }

  /** Resolves when the copy lacks nothing; rejects when an attempt fails. */
  async settled (): Promise<void> {
    await this.#after(Infinity)
  }

  /** Resolves when the copy has what it lacks now, whatever it lacks by then; rejects when an attempt fails. */
  async caughtUp (): Promise<void> {
    // Besides those that take the marks of now: the step under way, and a look at all where too many were lost.
    await this.#after(2 + Math.ceil(this.#marks.size / AT_ONCE))
  }

  /** Copies what the copy does not have. What changes meanwhile follows. */
  async backfill (options: MigrateOptions = {}): Promise<MigrationReport> {
    this.#held = true
    await this.#working
    try {
      return await this.#lookAtAll(options)
    } finally {
      this.#held = false
      this.#start()
    }
  }

  /** Looks at all there is, as one does who knows nothing of the copy. */
  lookAtAll (): void {
    this.#lost ??= performance.now()
    this.#start()
  }

  /** Resolves when it does nothing any more. */
  async stop (): Promise<void> {
    this.#held = true
    clearTimeout(this.#timer)
    await this.#working
    for (const { reject } of this.#waiting.splice(0)) reject(new HoldfastError('HOLDFAST_CLOSED'))
  }

  /**
   * Stops for a primary that is not coming back. What ended there ends at the copy.
   *
   * @returns records of which the copy lacks something, for good
   */
  async giveUp (): Promise<number> {
    await this.stop()
    let lacking = this.lag.pending
    for (const { partition, key, mark } of this.#marks.take(Infinity)) {
      if (mark.kind !== 'removed') continue
      await bury(partitionOf(this.copy, partition), key)
      lacking--
    }
    return lacking
  }

  get #behind (): boolean { return this.#lost !== undefined || this.#marks.size > 0 }

  async #after (steps: number): Promise<void> {
    if (!this.#behind && this.#working === undefined) return
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ steps, resolve, reject })
      this.#start()
    })
  }

  #start (): void {
    if (this.#held || this.#working !== undefined || !this.#behind) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#working = this.#work().finally(() => {
      this.#working = undefined
      if (!this.#behind) for (const { resolve } of this.#waiting.splice(0)) resolve()
      else if (this.#failures === 0) this.#start()
    })
  }

  async #work (): Promise<void> {
    try {
      while (!this.#held && this.#behind) {
        await (this.#lost === undefined ? this.#step() : this.#lookAtAll({}))
        for (const one of this.#waiting) if (--one.steps === 0) one.resolve()
      }
      this.#failures = 0
    } catch (error) {
      this.#error = error
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      this.#timer = setTimeout(() => this.#start(), FIRST_RETRY * Math.min(2 ** this.#failures++, 100)).unref()
    }
  }

  /** One that fails alone does not keep the others back. */
  async #step (): Promise<void> {
    const taken = this.#marks.take(AT_ONCE)
    this.#taken = { size: taken.length, since: Math.min(...taken.map(({ mark }) => mark.since)) }
    const primary = this.primary()
    const results = await Promise.allSettled(taken.map(async ({ partition, key, mark }) =>
      await follow(partitionOf(primary, partition), partitionOf(this.copy, partition), key, mark)))
    this.#taken = { size: 0, since: Infinity }
    this.#marks.putBack(taken.filter((_, i) => results[i]?.status === 'rejected'))
    if (results.every(result => result.status === 'rejected')) throw (results[0] as PromiseRejectedResult).reason
  }

  async #lookAtAll (options: MigrateOptions): Promise<MigrationReport> {
    const lost = this.#lost
    this.#lost = undefined
    try {
      const report = await migrate(this.primary(), this.copy, options)
      if (lost !== undefined && report.failed.length > 0) throw new MigrationStopped(report, undefined)
      return report
    } catch (error) {
      this.#lost = lost ?? this.#lost
      throw error
    }
  }
}
