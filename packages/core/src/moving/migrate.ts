import { randomUUID } from 'node:crypto'
import { ahead } from '../prefetch.js'
import type { Backend, StreamHead } from '../backend.js'
import { InvalidOptionError, isHoldfastError } from '../errors.js'
import { headPages, recordPages } from '../pages.js'
import { allPartitions, partitionOf } from '../partitions.js'
import type { RecordHead } from '../record.js'
import { type Brought, bring, bringNew, lastOf } from './copy-record.js'
import { Ledger, type Look } from './fingerprints.js'
import { type MigrationReport, MigrationStopped, MigrationTally } from './report.js'
import { type WholeRecord, withStreams } from './whole-record.js'

export interface MigrateOptions {
  /** Leaves what is at the target as it is, also what is older. Default false: newer versions win. */
  skipExisting?: boolean
  /** Lets go, at the source, of what is at the target. For a source that nobody uses any more. Default false. */
  deleteAfterMigration?: boolean
  /** Sessions that are read and written at a time; the next are read meanwhile. Default 100. */
  batchSize?: number
  /** Which sessions to take, and which records of partitions. Default: all. */
  filter?: (record: RecordHead) => boolean
  /** Told after every batch. */
  onProgress?: (soFar: MigrationReport) => void
  /** Stops it after the batch that is under way. */
  signal?: AbortSignal
}

/**
 * Copies every session with its streams, and every partition, as sealed as it is: ids, versions, ages and positions
 * stay. The source may be in use: what changed or began meanwhile is copied when it is looked at once more, and what
 * ended at the source ends at the target. What happens after that look is for another run, or for `switchable`. Running
 * it again copies what is missing or newer; nothing that ended comes back.
 *
 * @throws MigrationStopped when a backend does not answer, the target is full or `signal` says so;
 *   its report says how far it came
 * @throws InvalidOptionError
 */
export async function migrate (from: Backend, to: Backend, options: MigrateOptions = {}): Promise<MigrationReport> {
  const { batchSize = 100 } = options
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new InvalidOptionError('batchSize', 'expected a positive whole number')
  }
  const tally = new MigrationTally()
  try {
    if (await areOne(from, to)) throw new InvalidOptionError('to', 'the sessions are there already')
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

/** One that is not done: more may have begun meanwhile. */
async function nextPartition (from: Backend, done: ReadonlySet<string>): Promise<string | undefined> {
  return (await allPartitions(from)).find(name => !done.has(name))
}

/** Moves the records of one kind. */
class Migration {
  readonly #ledger = new Ledger()

  constructor (
    private readonly from: Backend,
    private readonly to: Backend,
    private readonly options: MigrateOptions & { batchSize: number },
    private readonly tally: MigrationTally
  ) {}

  async run (): Promise<void> {
    this.options.signal?.throwIfAborted()
    const wasEmpty = await this.to.records.count() === 0
    await this.#copy(wasEmpty)
    await this.#lookAgain()
    if (!wasEmpty || this.#ledger.unseen > 0) await this.#end()
  }

  async #copy (expectNew: boolean): Promise<void> {
    const { tally: { report } } = this
    for await (const wholes of ahead(this.#batches())) {
      const brought = expectNew ? await this.#bringNew(wholes) : new Set()
      await this.#bring(wholes.filter(whole => !brought.has(whole)), (whole, outcome) => {
        report[outcome]++
        this.#note(whole)
      })
      this.#progress()
    }
  }

  /** Copies what has changed or begun since, or failed. */
  async #lookAgain (): Promise<void> {
    const { tally, from, options: { deleteAfterMigration = false } } = this
    for await (const looks of ahead(this.#looks())) {
      const there = new Map(looks.filter(look => this.#ledger.sees(look)).map(({ head }) => [head.key, head.version]))
      const keys = looks.map(({ head }) => head.key).filter(key => !there.has(key))
      const failures = await this.#bring(await this.#wholes(keys), ({ record: { key, version } }, outcome) => {
        if (outcome !== 'skipped') tally.report[outcome]++
        there.set(key, version)
      })
      for (const [{ record: { key } }, error] of failures) tally.fail(key, error)
      if (deleteAfterMigration) {
        const released = await Promise.all(
          Array.from(there, async ([key, version]) => await from.records.release(key, version))
        )
        tally.report.deleted += released.filter(Boolean).length
      }
      this.#progress()
    }
  }

  /** Ends, at the target, what has ended at the source. */
  async #end (): Promise<void> {
    const { from, to, tally: { report }, options: { batchSize } } = this
    let known = 0
    for await (const heads of headPages(to.records, { limit: batchSize })) {
      for (const key of await from.records.removed(heads.map(({ key }) => key))) {
        report.ended += Number(await to.records.remove(key) !== undefined)
        known += Number(this.#ledger.has(key))
      }
      this.#progress()
    }
    report.expired += this.#ledger.unseen - known
  }

  async * #batches (): AsyncGenerator<WholeRecord[]> {
    const { from, options: { batchSize, filter } } = this
    for await (const records of recordPages(from.records, { limit: batchSize })) {
      const chosen = filter === undefined ? records : records.filter(({ body, ...head }) => filter(head))
      yield await withStreams(from, chosen)
    }
  }

  /** What there is now, without what it says. */
  async * #looks (): AsyncGenerator<Look[]> {
    const { from, options: { batchSize, filter } } = this
    for await (const page of headPages(from.records, { limit: batchSize })) {
      const looks = new Map<string, Look & { streams: StreamHead[] }>()
      for (const head of page) if (filter === undefined || filter(head)) looks.set(head.key, { head, streams: [] })
      for (const stream of await from.events.heads([...looks.keys()])) looks.get(stream.key)?.streams.push(stream)
      yield [...looks.values()]
    }
  }

  async #wholes (keys: readonly string[]): Promise<WholeRecord[]> {
    const records = await Promise.all(keys.map(async key => await this.from.records.read(key)))
    return await withStreams(this.from, records.filter(record => record !== undefined))
  }

  /** @returns those that are there now; what fails is left to {@link #bring}, which says why */
  async #bringNew (wholes: readonly WholeRecord[]): Promise<ReadonlySet<WholeRecord>> {
    const { report } = this.tally
    const brought = new Set(await bringNew(this.to, wholes).catch(() => []))
    for (const whole of brought) {
      report.copied++
      report.bytes += bytesOf(whole)
      this.#note(whole)
    }
    return brought
  }

  /** @returns those that were refused; one that fails alone stops nothing */
  async #bring (
    wholes: readonly WholeRecord[], done: (whole: WholeRecord, outcome: Brought) => void
  ): Promise<Array<[WholeRecord, unknown]>> {
    const { from, to, tally: { report }, options: { skipExisting = false } } = this
    const failures: Array<[WholeRecord, unknown]> = []
    await Promise.all(wholes.map(async whole => {
      try {
        const outcome = await bring(to, whole, skipExisting ? 'keep' : 'newer')
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

  #note ({ record, streams }: WholeRecord): void {
    this.#ledger.note({
      head: record,
      streams: streams.map(({ name, ended, delivered, ...stream }) =>
        ({ name, ended, delivered, last: lastOf(stream) }))
    })
  }

  /** After each batch. */
  #progress (): void {
    this.options.onProgress?.(this.tally.soFar)
    this.options.signal?.throwIfAborted()
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

function bytesOf ({ record, streams }: WholeRecord): number {
  return streams.reduce(
    (sum, { head, entries }) => entries.reduce((sum, entry) => sum + entry.length, sum + head.length),
    record.body.length
  )
}
