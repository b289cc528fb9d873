import { randomUUID } from 'node:crypto'
import { ahead } from '../ahead.js'
import type { Backend } from '../backend.js'
import { InvalidOptionError, isHoldfastError } from '../errors.js'
import type { StoredRecord } from '../record.js'
import { type BringOptions, type Copy, bring } from './bring.js'
import { Ledger } from './ledger.js'
import { type MigrationReport, MigrationStopped, MigrationTally } from './report.js'
import { pages, withStreams } from './walk.js'

export interface MigrateOptions {
  /** Leaves what is at the target as it is, also what is older. Default false: newer versions win. */
  skipExisting?: boolean
  /** Lets go, at the source, of what is at the target. For a source that nobody uses any more. Default false. */
  deleteAfterMigration?: boolean
  /** Sessions that are read and written at a time; the next are read meanwhile. Default 100. */
  batchSize?: number
  /** Which sessions to take. Default: all. */
  filter?: (record: StoredRecord) => boolean
  /** Told after every batch. */
  onProgress?: (soFar: MigrationReport) => void
  /** Stops it after the batch that is under way. */
  signal?: AbortSignal
}

/**
 * Copies every session with its streams, as sealed as it is: ids, versions, ages and positions stay. The source may be in use: what changed
 * or began meanwhile is copied when it is looked at once more, and what ended at the source ends at the target. What happens after that
 * look is for another run, or for `switchable`. Running it again copies what is missing or newer; nothing that ended comes back.
 *
 * @throws MigrationStopped when a backend does not answer, the target is full or `signal` says so; its report says how far it came
 * @throws InvalidOptionError
 */
export async function migrate (from: Backend, to: Backend, options: MigrateOptions = {}): Promise<MigrationReport> {
  const { batchSize = 100 } = options
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new InvalidOptionError('batchSize', 'expected a positive whole number')
  const migration = new Migration(from, to, { ...options, batchSize })
  try {
    if (await areOne(from, to)) throw new InvalidOptionError('to', 'the sessions are there already')
    await migration.run()
  } catch (error) {
    throw error instanceof InvalidOptionError ? error : new MigrationStopped(migration.tally.soFar, error)
  }
  return migration.tally.soFar
}

class Migration {
  readonly tally = new MigrationTally()
  readonly #ledger = new Ledger()

  constructor (private readonly from: Backend, private readonly to: Backend, private readonly options: MigrateOptions & { batchSize: number }) {}

  async run (): Promise<void> {
    const wasEmpty = await this.to.records.count() === 0
    await this.#copy(wasEmpty)
    await this.#lookAgain()
    if (!wasEmpty || this.#ledger.unseen > 0) await this.#end()
  }

  async #copy (expectNew: boolean): Promise<void> {
    const { report } = this.tally
    for await (const copies of ahead(this.#batches())) {
      await this.#bring(copies, { expectNew }, (copy, outcome) => {
        report[outcome]++
        this.#ledger.note(copy)
      })
      this.#progress()
    }
  }

  /** Copies what has changed or begun since, or failed. */
  async #lookAgain (): Promise<void> {
    const { tally, from, options: { deleteAfterMigration = false } } = this
    for await (const copies of ahead(this.#batches())) {
      const there = new Set(copies.filter(copy => this.#ledger.sees(copy)))
      const failures = await this.#bring(copies.filter(copy => !there.has(copy)), {}, (copy, outcome) => {
        if (outcome !== 'skipped') tally.report[outcome]++
        there.add(copy)
      })
      for (const [{ record: { key } }, error] of failures) tally.fail(key, error)
      if (deleteAfterMigration) {
        const released = await Promise.all(Array.from(there, async ({ record: { key, version } }) => await from.records.release(key, version)))
        tally.report.deleted += released.filter(Boolean).length
      }
      this.#progress()
    }
  }

  /** Ends, at the target, what has ended at the source. */
  async #end (): Promise<void> {
    const { from, to, tally: { report }, options: { batchSize } } = this
    let known = 0
    for await (const records of pages(to, batchSize)) {
      this.options.signal?.throwIfAborted()
      for (const key of await from.records.removed(records.map(({ key }) => key))) {
        report.ended += Number(await to.records.remove(key))
        known += Number(this.#ledger.has(key))
      }
      this.#progress()
    }
    report.expired = this.#ledger.unseen - known
  }

  async * #batches (): AsyncGenerator<Copy[]> {
    const { from, options: { batchSize, filter, signal } } = this
    for await (const records of pages(from, batchSize)) {
      signal?.throwIfAborted()
      yield await withStreams(from, filter === undefined ? records : records.filter(filter))
    }
  }

  /** @returns those that were refused; one that fails alone stops nothing */
  async #bring (copies: readonly Copy[], options: BringOptions, done: (copy: Copy, outcome: 'copied' | 'updated' | 'skipped') => void): Promise<Array<[Copy, unknown]>> {
    const { from, to, tally: { report }, options: { skipExisting: keep = false } } = this
    const failures: Array<[Copy, unknown]> = []
    await Promise.all(copies.map(async copy => {
      try {
        const outcome = await bring(to, copy, { ...options, keep })
        if (outcome !== 'skipped') report.bytes += bytesOf(copy)
        done(copy, outcome)
      } catch (error) {
        failures.push([copy, error])
      }
    }))
    const full = failures.find(([, error]) => isHoldfastError(error, 'HOLDFAST_BACKEND_FULL'))
    if (full !== undefined) throw full[1]
    if (failures.length > 0) await Promise.all([from.ping(), to.ping()])
    return failures
  }

  #progress (): void {
    this.options.onProgress?.(this.tally.soFar)
  }
}

/** Whether both are the same place: what one publishes, the other hears. */
async function areOne (from: Backend, to: Backend): Promise<boolean> {
  const channel = `migration:${randomUUID()}`
  const leave = await from.bus.subscribe(channel, () => {})
  try {
    return await to.bus.publish(channel, new Uint8Array()) > 0
  } finally {
    await leave()
  }
}

function bytesOf ({ record, streams }: Copy): number {
  return streams.reduce((sum, { head, entries }) => entries.reduce((sum, entry) => sum + entry.length, sum + head.length), record.body.length)
}
