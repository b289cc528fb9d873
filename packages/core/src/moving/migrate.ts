import { randomUUID } from 'node:crypto'
import type { Backend, StreamHead } from '../backend.js'
import { concurrently } from '../concurrently.js'
import { InvalidOptionError, isHoldfastError } from '../errors.js'
import { headPages, recordPages } from '../pages.js'
import { allPartitions, partitionOf } from '../partitions.js'
import { prefetch } from '../prefetch.js'
import type { RecordHead } from '../record.js'
import { type CopyOutcome, copyNewRecords, copyRecord, lastOf } from './copy-record.js'
import { Fingerprints, type WholeHead } from './fingerprints.js'
import { type MigrationReport, MigrationStopped, MigrationTally } from './report.js'
import { type WholeRecord, withStreams } from './whole-record.js'

/** How {@link migrate} copies. */
export interface MigrateOptions {
  /** Leaves existing records of the target unchanged, even older ones. Default false: the newer version wins. */
  skipExisting?: boolean
  /** Releases copied records at the source. For a source that is not used any more. Default false. */
  deleteAfterMigration?: boolean
  /** Sessions of a batch. Three batches are copied at a time, and the next one is read meanwhile. Default 100. */
  batchSize?: number
  /** Which sessions and which records of partitions to copy. Default: all. */
  filter?: (record: RecordHead) => boolean
  /** Called after every batch. */
  onProgress?: (soFar: MigrationReport) => void
  /** Stops the migration after the batches under way. */
  signal?: AbortSignal
}

/**
 * Copies every session with its streams, and every partition, sealed as they are. Ids, versions, ages and positions
 * stay the same. The source may be in use: a second pass copies sessions that changed or began meanwhile, and ends at
 * the target the sessions that ended at the source. Changes after the second pass need another run, or `switchable`.
 * Another run copies what is missing or newer; no ended session comes back.
 *
 * @throws MigrationStopped when a backend does not answer, the target is full, or `signal` is aborted; its report says
 *   how far the migration came
 * @throws InvalidOptionError
 */
export async function migrate (from: Backend, to: Backend, options: MigrateOptions = {}): Promise<MigrationReport> {
  const { batchSize = 100 } = options
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new InvalidOptionError('batchSize', 'expected a positive whole number')
  }
  const tally = new MigrationTally()
  try {
    if (await areSame(from, to)) throw new InvalidOptionError('to', 'expected another backend than the source')
    const done = new Set<string>()
    for (let name = await nextPartition(from, done); name !== undefined; name = await nextPartition(from, done)) {
      done.add(name)
      await new Migration(partitionOf(from, name), partitionOf(to, name), { ...options, batchSize }, tally).run()
    }
  } catch (error) {
    throw error instanceof InvalidOptionError ? error : new MigrationStopped(tally.soFar, error)
  }
  return tally.soFar
}

/** A partition that is not done. Asks the backend each time, because new partitions may have begun meanwhile. */
async function nextPartition (from: Backend, done: ReadonlySet<string>): Promise<string | undefined> {
  return (await allPartitions(from)).find(name => !done.has(name))
}

/** Batches that are copied at a time, so that neither backend waits for the other. */
const BATCHES_AT_ONCE = 3

/** Copies the records of one partition, or of the backend itself. */
class Migration {
  readonly #copied = new Fingerprints()

  constructor (
    private readonly from: Backend,
    private readonly to: Backend,
    private readonly options: MigrateOptions & { batchSize: number },
    private readonly tally: MigrationTally
  ) {}

  async run (): Promise<void> {
    this.options.signal?.throwIfAborted()
    const wasEmpty = await this.to.records.count() === 0
    await this.#firstPass(wasEmpty)
    await this.#secondPass()
    if (!wasEmpty || this.#copied.unseen > 0) await this.#endSessions()
  }

  async #firstPass (expectNew: boolean): Promise<void> {
    const { from, tally: { report }, options: { batchSize, filter } } = this
    const pages = prefetch(recordPages(from.records, { limit: batchSize }))
    await concurrently(pages, BATCHES_AT_ONCE, async records => {
      const chosen = filter === undefined ? records : records.filter(({ body, ...head }) => filter(head))
      const wholes = await withStreams(from, chosen)
      const copied = expectNew ? await this.#copyNew(wholes) : new Set()
      await this.#copy(wholes.filter(whole => !copied.has(whole)), (whole, outcome) => {
        report[outcome]++
        this.#remember(whole)
      })
      this.#progress()
    })
  }

  /** Copies the records that changed or began during the first pass, and the records that failed there. */
  async #secondPass (): Promise<void> {
    const { tally, from, options: { batchSize, deleteAfterMigration = false } } = this
    const pages = prefetch(headPages(from.records, { limit: batchSize }))
    await concurrently(pages, BATCHES_AT_ONCE, async page => {
      const heads = await this.#withHeads(page)
      const unchanged = heads.filter(whole => this.#copied.markSeen(whole))
      const copied = new Map(unchanged.map(({ head }) => [head.key, head.version]))
      const keys = heads.map(({ head }) => head.key).filter(key => !copied.has(key))
      const failures = await this.#copy(await this.#wholes(keys), ({ record: { key, version } }, outcome) => {
        if (outcome !== 'skipped') tally.report[outcome]++
        copied.set(key, version)
      })
      for (const [{ record: { key } }, error] of failures) tally.fail(key, error)
      if (deleteAfterMigration) {
        const released = await Promise.all(
          Array.from(copied, async ([key, version]) => await from.records.release(key, version))
        )
        tally.report.deleted += released.filter(Boolean).length
      }
      this.#progress()
    })
  }

  /** Ends, at the target, the sessions that ended at the source. */
  async #endSessions (): Promise<void> {
    const { from, to, tally: { report }, options: { batchSize } } = this
    let known = 0
    for await (const heads of headPages(to.records, { limit: batchSize })) {
      for (const key of await from.records.removed(heads.map(({ key }) => key))) {
        report.ended += Number(await to.records.remove(key) !== undefined)
        known += Number(this.#copied.has(key))
      }
      this.#progress()
    }
    report.expired += this.#copied.unseen - known
  }

  /** The present state of the records that are to be copied, without bodies. */
  async #withHeads (records: readonly RecordHead[]): Promise<WholeHead[]> {
    const { from, options: { filter } } = this
    const wholes = new Map<string, WholeHead & { streams: StreamHead[] }>()
    for (const head of records) if (filter === undefined || filter(head)) wholes.set(head.key, { head, streams: [] })
    for (const stream of await from.events.heads([...wholes.keys()])) wholes.get(stream.key)?.streams.push(stream)
    return [...wholes.values()]
  }

  async #wholes (keys: readonly string[]): Promise<WholeRecord[]> {
    const records = await Promise.all(keys.map(async key => await this.from.records.read(key)))
    return await withStreams(this.from, records.filter(record => record !== undefined))
  }

  /** @returns the copied records; the others are left to {@link #copy}, which finds out why they failed */
  async #copyNew (wholes: readonly WholeRecord[]): Promise<ReadonlySet<WholeRecord>> {
    const { report } = this.tally
    const copied = new Set(await copyNewRecords(this.to, wholes).catch(() => []))
    for (const whole of copied) {
      report.copied++
      report.bytes += bytesOf(whole)
      this.#remember(whole)
    }
    return copied
  }

  /** @returns the records that failed; a failure of a single record does not stop the migration */
  async #copy (
    wholes: readonly WholeRecord[], done: (whole: WholeRecord, outcome: CopyOutcome) => void
  ): Promise<Array<[WholeRecord, unknown]>> {
    const { from, to, tally: { report }, options: { skipExisting = false } } = this
    const failures: Array<[WholeRecord, unknown]> = []
    await Promise.all(wholes.map(async whole => {
      try {
        const outcome = await copyRecord(to, whole, skipExisting ? 'keep' : 'newer')
        if (outcome !== 'skipped') report.bytes += bytesOf(whole)
        done(whole, outcome)
      } catch (error) {
        failures.push([whole, error])
      }
    }))
    const full = failures.find(([, error]) => isHoldfastError(error, 'HOLDFAST_BACKEND_FULL'))
    if (full !== undefined) throw full[1]
    if (failures.length > 0) await Promise.all([from.ping(), to.ping()])
    return failures
  }

  #remember ({ record, streams }: WholeRecord): void {
    this.#copied.add({
      head: record,
      streams: streams.map(({ name, ended, delivered, ...stream }) =>
        ({ name, ended, delivered, last: lastOf(stream) }))
    })
  }

  /** Runs after each batch. */
  #progress (): void {
    this.options.onProgress?.(this.tally.soFar)
    this.options.signal?.throwIfAborted()
  }
}

/** Whether both are the same backend: then a message that one publishes reaches a subscriber of the other. */
async function areSame (from: Backend, to: Backend): Promise<boolean> {
  const channel = `migration:${randomUUID()}`
  const unsubscribe = await from.bus.subscribe(channel, () => {})
  try {
    return await to.bus.publish(channel, new Uint8Array()) > 0
  } finally {
    await unsubscribe()
  }
}

function bytesOf ({ record, streams }: WholeRecord): number {
  return streams.reduce(
    (sum, { head, entries }) => entries.reduce((sum, entry) => sum + entry.length, sum + head.length),
    record.body.length
  )
}
