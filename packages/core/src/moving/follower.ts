import type { Backend } from '../backend.js'
import { HoldfastError } from '../errors.js'
import { partitionOf } from '../partitions.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { type MigrateOptions, migrate } from './migrate.js'
import { PendingChanges } from './pending-changes.js'
import { type MigrationReport, MigrationStopped } from './report.js'
import { ensureTombstone } from './tombstone.js'
import { updateCopy } from './update-copy.js'

/** How far a copy is behind. */
export interface Lag {
  /** Records of which the copy lacks a change; Infinity when there were too many to keep them apart. */
  pending: number
  /** Milliseconds since the oldest of these changes. */
  age: number
  /** Why the last attempt to catch up failed; absent when it succeeded. */
  error?: unknown
}

/** Records that are brought up to date side by side. */
const BATCH_SIZE = 100
/** Milliseconds until a failed attempt is repeated: this, twice this and so on, up to a hundred times this. */
const RETRY_BASE = 50

/** Keeps one copy up to date in the background. It repeats a failed update until the update succeeds. */
export class Follower {
  readonly #pending: PendingChanges
  /** Since when there are too many records to keep apart, so that only comparing all records finds the changes. */
  #overflowedAt: number | undefined
  /** The records that are being updated, and when the oldest of their changes happened. */
  #updating = { size: 0, since: Infinity }
  #working: Promise<void> | undefined
  #paused = false
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #error: unknown
  #waiting: Array<{ steps: number, resolve: () => void, reject: (error: unknown) => void }> = []

  /** @param max records with pending changes that are kept apart; beyond them, the follower compares all records */
  constructor (readonly copy: Backend, private readonly primary: () => Backend, max = 100_000) {
    this.#pending = new PendingChanges(max)
  }

  get lag (): Lag {
    const since = Math.min(this.#overflowedAt ?? Infinity, this.#pending.since, this.#updating.since)
    return {
      pending: this.#overflowedAt === undefined ? this.#pending.size + this.#updating.size : Infinity,
      age: Math.max(0, performance.now() - since),
      ...(this.#failures > 0 && { error: this.#error })
    }
  }

  /** Notes a change that the copy needs. */
  add (partition: string, key: RecordKey, change: Change): void {
    if (!this.#pending.add(partition, key, change)) this.#overflowedAt ??= performance.now()
    if (this.#timer === undefined) this.#start()
  }

  /** Resolves when the copy lacks nothing; rejects when an attempt fails. */
  async settled (): Promise<void> {
    await this.#after(Infinity)
  }

  /** Resolves when the copy has every change up to this call; rejects when an attempt fails. */
  async caughtUp (): Promise<void> {
    // Two more steps than the pending records need: the step under way, and perhaps a comparison of all records.
    await this.#after(2 + Math.ceil(this.#pending.size / BATCH_SIZE))
  }

  /** Copies everything that the copy lacks. Changes during that time follow. */
  async backfill (options: MigrateOptions = {}): Promise<MigrationReport> {
    this.#paused = true
    await this.#working
    try {
      return await this.#compareAll(options)
    } finally {
      this.#paused = false
      this.#start()
    }
  }

  /** Compares all records, because nothing is known about the copy. */
  compareAll (): void {
    this.#overflowedAt ??= performance.now()
    this.#start()
  }

  /** Resolves when the work under way has ended. */
  async stop (): Promise<void> {
    this.#paused = true
    clearTimeout(this.#timer)
    await this.#working
    for (const { reject } of this.#waiting.splice(0)) reject(new HoldfastError('HOLDFAST_CLOSED'))
  }

  /**
   * Stops following a primary that does not come back. Sessions that ended at the primary end at the copy.
   *
   * @returns how many records lack a change at the copy for good
   */
  async giveUp (): Promise<number> {
    await this.stop()
    let lacking = this.lag.pending
    for (const { partition, key, pending } of this.#pending.take(Infinity)) {
      if (pending.kind !== 'removed') continue
      await ensureTombstone(partitionOf(this.copy, partition), key)
      lacking--
    }
    return lacking
  }

  get #behind (): boolean { return this.#overflowedAt !== undefined || this.#pending.size > 0 }

  async #after (steps: number): Promise<void> {
    if (!this.#behind && this.#working === undefined) return
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ steps, resolve, reject })
      this.#start()
    })
  }

  #start (): void {
    if (this.#paused || this.#working !== undefined || !this.#behind) return
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
      while (!this.#paused && this.#behind) {
        await (this.#overflowedAt === undefined ? this.#updateBatch() : this.#compareAll({}))
        for (const waiter of this.#waiting) if (--waiter.steps === 0) waiter.resolve()
      }
      this.#failures = 0
    } catch (error) {
      this.#error = error
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      this.#timer = setTimeout(() => this.#start(), RETRY_BASE * Math.min(2 ** this.#failures++, 100)).unref()
    }
  }

  /** A record whose update fails goes behind the others, so that it does not hold them up. */
  async #updateBatch (): Promise<void> {
    const taken = this.#pending.take(BATCH_SIZE)
    this.#updating = { size: taken.length, since: Math.min(...taken.map(({ pending }) => pending.since)) }
    const primary = this.primary()
    const results = await Promise.allSettled(taken.map(async ({ partition, key, pending }) =>
      await updateCopy(partitionOf(primary, partition), partitionOf(this.copy, partition), key, pending)))
    this.#updating = { size: 0, since: Infinity }
    this.#pending.putBack(taken.filter((_, i) => results[i]?.status === 'rejected'))
    if (results.every(result => result.status === 'rejected')) throw (results[0] as PromiseRejectedResult).reason
  }

  async #compareAll (options: MigrateOptions): Promise<MigrationReport> {
    const overflowedAt = this.#overflowedAt
    this.#overflowedAt = undefined
    try {
      const report = await migrate(this.primary(), this.copy, options)
      if (overflowedAt !== undefined && report.failed.length > 0) throw new MigrationStopped(report, undefined)
      return report
    } catch (error) {
      this.#overflowedAt = overflowedAt ?? this.#overflowedAt
      throw error
    }
  }
}
