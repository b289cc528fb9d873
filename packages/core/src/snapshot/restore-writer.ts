import { setImmediate } from 'node:timers/promises'
import type { Created, RecordLimits, StoredStream } from '../backend.js'
import { isHoldfastError } from '../errors.js'
import type { Json } from '../json.js'
import { UNLIMITED } from '../limits.js'
import { ROOT } from '../partitions.js'
import { type StoredRecord, asNew, isExpired } from '../record.js'
import { ownerDigest } from '../record-key.js'
import { type SessionSummary, summarize } from '../session-summary.js'
import type { SessionState } from '../state.js'
import type { Vault } from '../vault.js'
import { mergeRecord, mergeStream } from './merge-record.js'
import type { SnapshotReason } from './reasons.js'
import type { RestoreReport, RestoreTally } from './report.js'

/** Which sessions `Sessions.restoreSessionState` restores. */
export interface RestoreOptions {
  /** Which sessions to restore. Default: all. With a filter, no partition is restored. */
  filter?: (session: SessionSummary) => boolean
  /**
   * Maximum number of sessions; the others count as `overLimit`. Default: only the limits of the manager apply. With a
   * limit, no partition is restored.
   */
  limit?: number
  /** Called about once per 256 sessions. */
  onProgress?: (soFar: RestoreReport) => void
  /** Gives up when it is aborted: the restore rejects with HOLDFAST_SNAPSHOT_FAILED. Restored sessions stay. */
  signal?: AbortSignal
}

/** The place to which sessions are restored. */
export interface Destination {
  vault: Vault<SessionState>
  /** Limits for sessions. Records of partitions were admitted once, and are not refused. */
  caps: RecordLimits
  /** Whether the application accepts a context. */
  isContext?: ((context: Json) => boolean) | undefined
  /** Whether to bring records that exist up to date. Default false: they stay as they are. */
  merges?: boolean
}

/** A record of a snapshot, with its streams. */
export interface SnapshotRecord {
  line: number
  /** The name of its partition, or `ROOT`. */
  partition: string
  record: StoredRecord
  streams: StoredStream[]
  /** The outcome of its batch, once the batch is being stored. */
  outcome?: Promise<BatchOutcome>
}

/** The records of a batch that the backend stored. */
interface BatchOutcome {
  stored: ReadonlySet<SnapshotRecord>
  /** Absent when every call was answered. */
  failure?: { reason: unknown }
}

/** Partitions that a snapshot may have, so that a forged one cannot create any number of them. */
const MAX_PARTITIONS = 64
/** Milliseconds that a time may lie ahead of this machine's clock. */
const CLOCK_SKEW = 5_000
/** Limits of a batch, which goes to the backend in one call. */
const BATCH_SIZE = 256
const BATCH_BYTES = 2 * 2 ** 20
/** Batches that may be under way while the next one is read. */
const MAX_BATCHES = 6

/** Checks the records of a snapshot and stores them, in batches. */
export class RestoreWriter {
  #batch: SnapshotRecord[] = []
  #last: SnapshotRecord | undefined
  #bytes = 0
  #accepted = 0
  /** The partitions of the records so far. */
  readonly #partitions = new Set([ROOT])
  /** The batches under way. */
  readonly #storing: Array<Promise<void>> = []

  /** @param ended keys of records that ended, and must not come back */
  constructor (
    private readonly to: Destination,
    private readonly ended: ReadonlySet<string>,
    private readonly options: RestoreOptions,
    readonly tally: RestoreTally
  ) {}

  /**
   * Whether the next part needs {@link store} first.
   *
   * @param bytes how much memory the part takes, roughly
   */
  isFull (bytes: number): boolean {
    return this.#batch.length >= BATCH_SIZE || this.#bytes + bytes > BATCH_BYTES
  }

  add (added: SnapshotRecord, bytes: number): void {
    this.#batch.push(added)
    this.#last = added
    this.#bytes += bytes
  }

  /** Adds a stream to the last added record, which must exist. */
  addStream (stream: StoredStream, bytes: number): void {
    const last = this.#last as SnapshotRecord
    if (this.#batch.at(-1) !== last) this.#batch.push(last)
    last.streams.push(stream)
    this.#bytes += bytes
  }

  /** Resolves when everything is stored. */
  async flush (): Promise<void> {
    await this.store()
    while (this.#storing.length > 0) await this.#storing.shift()
  }

  /** Resolves when no batch is under way any more. Ignores failures. */
  async settle (): Promise<void> {
    await Promise.allSettled(this.#storing)
  }

  /** Begins to store what was added. Resolves when the next part may be added. */
  async store (): Promise<void> {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    this.#bytes = 0
    if (this.#storing.length === MAX_BATCHES) await this.#storing.shift()
    const storing = this.#storeBatch(batch)
    storing.catch(() => {}) // the caller that awaits the batch gets the error
    this.#storing.push(storing)
    await setImmediate() // so that the batch is sent before the next one is read
  }

  async #storeBatch (batch: readonly SnapshotRecord[]): Promise<void> {
    const fresh = batch.filter(({ outcome }) => outcome === undefined)
    const outcome = this.#create(fresh)
    for (const one of fresh) one.outcome = outcome
    const withStreams = batch.filter(({ streams }) => streams.length > 0)
    const results = await Promise.allSettled([outcome, ...withStreams.map(async one => await this.#importStreams(one))])
    for (const result of results) if (result.status === 'rejected') throw result.reason
    const { failure } = await outcome
    if (failure !== undefined) throw failure.reason
    this.options.onProgress?.(structuredClone(this.tally.report))
  }

  async #importStreams (one: SnapshotRecord): Promise<void> {
    const streams = one.streams.splice(0)
    if ((await one.outcome)?.stored.has(one) !== true) return
    const store = this.to.vault.of(one.partition)
    const { availability, backend: { events } } = store
    for (const stream of streams) {
      const imported = await unlessFull(availability.ask(() => events.importStream(stream)))
      if (imported === 'full') this.tally.refuse(one.line, 'NO_ROOM')
      if (imported === false && this.to.merges === true) await mergeStream(store, stream)
    }
  }

  /** Creates records, and counts their outcomes. */
  async #create (batch: readonly SnapshotRecord[]): Promise<BatchOutcome> {
    const { report } = this.tally
    const wanted = new Map<string, SnapshotRecord[]>()
    for (const one of batch) {
      if (this.#isUnwanted(one) || (this.#isOpened(one) && !await this.#isAccepted(one))) continue
      const { partition, record: { key } } = one
      if (this.ended.has(key)) report.duplicate++
      else if (this.#accepted++ >= (this.options.limit ?? Infinity)) report.overLimit++
      else wanted.get(partition)?.push(one) ?? wanted.set(partition, [one])
    }
    const outcome: BatchOutcome & { stored: Set<SnapshotRecord> } = { stored: new Set() }
    for (const [partition, some] of wanted) {
      const { created, failure } = await this.#createIn(partition, some.map(({ record }) => record))
      for (const [i, one] of some.entries()) {
        const result = created[i]
        const isMerged = result === 'exists' && this.to.merges === true
        const isNews = isMerged && await mergeRecord(this.to.vault.of(partition), one.record)
        if (result !== undefined) report[isNews ? 'restored' : COUNTERS[result]]++
        if (result === 'created' || isMerged) outcome.stored.add(one)
      }
      if (failure !== undefined) return { ...outcome, failure }
    }
    return outcome
  }

  /** Resolves to the outcome of each record; undefined for a record that a failed call did not store. */
  async #createIn (
    partition: string, records: readonly StoredRecord[]
  ): Promise<{ created: Array<Created | undefined>, failure?: { reason: unknown } }> {
    const { vault, caps } = this.to
    const store = vault.of(partition)
    try {
      return { created: await store.createMany(records.map(asNew), partition === ROOT ? caps : UNLIMITED) }
    } catch (reason) {
      // The failed call may have stored some of the records. Those that can be read get their streams, too.
      const found = await Promise.all(records.map(async ({ key }) => await store.read(key).catch(() => undefined)))
      const isStored = ({ version, createdAt }: StoredRecord, i: number): boolean =>
        found[i]?.version === version && found[i].createdAt === createdAt
      return { created: records.map((record, i) => isStored(record, i) ? 'created' : undefined), failure: { reason } }
    }
  }

  /** Whether a record must not be restored, as far as its head shows. Counts such a record. */
  #isUnwanted ({ line, partition, record }: SnapshotRecord): boolean {
    const { filter, limit } = this.options
    if (partition !== ROOT && filter !== undefined) return true
    if (partition !== ROOT && limit !== undefined) {
      this.tally.report.overLimit++
      return true
    }
    if (!this.#partitions.has(partition) && this.#partitions.size > MAX_PARTITIONS) {
      return !this.tally.refuse(line, 'MANY_PARTITIONS')
    }
    this.#partitions.add(partition)
    if (isFuture(record)) return !this.tally.refuse(line, 'FUTURE_TIME')
    if (isExpired(record, Date.now())) {
      this.tally.report.expired++
      return true
    }
    return false
  }

  /**
   * Whether the body decides about the record. A line of a sealed snapshot is authentic, so its body is what the
   * backend held. As in the backend, the body is opened only when the session is used.
   */
  #isOpened ({ partition }: SnapshotRecord): boolean {
    return partition === ROOT && (this.#isChecked || this.options.filter !== undefined)
  }

  get #isChecked (): boolean {
    return this.to.isContext !== undefined || this.to.vault.codec.keys === undefined
  }

  /** Whether to restore the session in a record. Counts the session when not. */
  async #isAccepted ({ line, record }: SnapshotRecord): Promise<boolean> {
    const { to: { vault }, options: { filter } } = this
    const reason = this.#isChecked ? await this.#refusal(record) : undefined
    if (reason !== undefined) return this.tally.refuse(line, reason)
    return filter === undefined || filter(await summarize(vault, record))
  }

  /** @returns why a session must not come back; undefined when it may */
  async #refusal (record: StoredRecord): Promise<SnapshotReason | undefined> {
    const { vault, isContext } = this.to
    try {
      const state = await vault.value(record)
      if (ownerDigest(vault.namespace, state.principal) !== record.owner) return 'OTHER_OWNER'
      return isContext?.(state.context) !== false ? undefined : 'WRONG_CONTEXT'
    } catch (error) {
      // Without its key, the session stays sealed until the key is back, as it would in a backend.
      return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? undefined : 'CANNOT_OPEN'
    }
  }
}

/** The counter of the report for each outcome. */
const COUNTERS = { created: 'restored', exists: 'duplicate', 'owner-full': 'overLimit', full: 'overLimit' } as const

/** A full backend is not a failure: earlier streams stay, and a smaller stream may still fit. */
async function unlessFull<T> (answer: Promise<T>): Promise<T | 'full'> {
  try {
    return await answer
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_BACKEND_FULL')) return 'full'
    throw error
  }
}

function isFuture ({ createdAt, usedAt }: StoredRecord): boolean {
  return Math.max(createdAt, usedAt) > Date.now() + CLOCK_SKEW
}
