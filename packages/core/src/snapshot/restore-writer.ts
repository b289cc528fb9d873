import { setImmediate } from 'node:timers/promises'
import type { Created, RecordLimits, StoredStream } from '../backend.js'
import { isHoldfastError } from '../errors.js'
import type { Json } from '../json.js'
import { UNLIMITED } from '../limits.js'
import { ROOT, partitionOf } from '../partitions.js'
import { type StoredRecord, asNew, isExpired } from '../record.js'
import { ownerDigest } from '../record-key.js'
import { type SessionSummary, summarize } from '../session-summary.js'
import type { SessionState } from '../state.js'
import type { Vault } from '../vault.js'
import type { SnapshotReason } from './reasons.js'
import type { RestoreReport, Tally } from './report.js'

export interface RestoreOptions {
  /** Which sessions to take. Default: all. With a filter, no partition is restored. */
  filter?: (session: SessionSummary) => boolean
  /**
   * Sessions at most; the others count as `overLimit`. Default: no limit but those of the manager. With a
   * limit, no partition is restored.
   */
  limit?: number
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: RestoreReport) => void
  /** Gives up when it is aborted: rejects with HOLDFAST_SNAPSHOT_FAILED. What is back by then stays. */
  signal?: AbortSignal
}

/** Where sessions come back to. */
export interface Destination {
  vault: Vault<SessionState>
  /** On sessions. Records of partitions were admitted once, and are not refused. */
  caps: RecordLimits
  /** Whether a context is as the application wants it. */
  isContext?: ((context: Json) => boolean) | undefined
}

/** A record on its way back. */
export interface Arrival {
  line: number
  /** The name of its partition, or `ROOT`. */
  partition: string
  record: StoredRecord
  streams: StoredStream[]
  /** Of its group, once it was tried. */
  admission?: Promise<Admission>
}

/** What became of a group. */
interface Admission {
  back: ReadonlySet<Arrival>
  /** Absent when all of it was answered. */
  failure?: { reason: unknown }
}

/** Partitions that a snapshot may have: a forged one must not make any number of them. */
const MOST_PARTITIONS = 64
/** How far a time may lie ahead of this machine's clock, in milliseconds. */
const SKEW = 5_000
/** What goes to the backend together, at most. */
const GROUP = 100
const GROUP_BYTES = 2 * 2 ** 20
/** Groups that are on their way, at most, while the next is read. */
const GROUPS = 3

/** Checks and stores records, a group at a time. */
export class Arrivals {
  #group: Arrival[] = []
  #last: Arrival | undefined
  #bytes = 0
  #taken = 0
  /** Those that records came for. */
  readonly #partitions = new Set([ROOT])
  /** Groups on their way. */
  readonly #storing: Array<Promise<void>> = []

  /** @param ended keys of records that must not come back */
  constructor (
    private readonly to: Destination,
    private readonly ended: ReadonlySet<string>,
    private readonly options: RestoreOptions,
    readonly tally: Tally
  ) {}

  /** @param bytes what it takes in memory, roughly */
  async add (arrival: Arrival, bytes: number): Promise<void> {
    if (this.#group.length >= GROUP || this.#bytes + bytes > GROUP_BYTES) await this.#next()
    this.#group.push(arrival)
    this.#last = arrival
    this.#bytes += bytes
  }

  /** For the record that was added last; there is one. */
  async addStream (stream: StoredStream, bytes: number): Promise<void> {
    const arrival = this.#last as Arrival
    if (this.#bytes + bytes > GROUP_BYTES) await this.#next()
    if (this.#group.at(-1) !== arrival) this.#group.push(arrival)
    arrival.streams.push(stream)
    this.#bytes += bytes
  }

  /** Until everything is stored. */
  async flush (): Promise<void> {
    await this.#next()
    while (this.#storing.length > 0) await this.#storing.shift()
  }

  /** Until nothing is on its way, whatever came of it. */
  async settle (): Promise<void> {
    await Promise.allSettled(this.#storing)
  }

  async #next (): Promise<void> {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    this.#bytes = 0
    if (this.#storing.length === GROUPS) await this.#storing.shift()
    const storing = this.#store(group)
    storing.catch(() => {}) // whoever waits for it is told
    this.#storing.push(storing)
    await setImmediate() // so that it leaves before the next is read
  }

  async #store (group: readonly Arrival[]): Promise<void> {
    const fresh = group.filter(({ admission }) => admission === undefined)
    const admission = this.#admit(fresh)
    for (const arrival of fresh) arrival.admission = admission
    const tried = await Promise.allSettled([
      admission, ...group.map(async arrival => await this.#restoreStreams(arrival))
    ])
    for (const one of tried) if (one.status === 'rejected') throw one.reason
    const { failure } = await admission
    if (failure !== undefined) throw failure.reason
    this.options.onProgress?.(structuredClone(this.tally.report))
  }

  async #restoreStreams (arrival: Arrival): Promise<void> {
    const streams = arrival.streams.splice(0)
    if (streams.length === 0 || (await arrival.admission)?.back.has(arrival) !== true) return
    const { availability, root } = this.to.vault
    const { events } = partitionOf(root, arrival.partition)
    for (const stream of streams) {
      const stored = await unlessFull(availability.ask(() => events.importStream(stream)))
      if (stored === 'full') this.tally.refuse(arrival.line, 'NO_ROOM')
    }
  }

  /** Counts what becomes of records. */
  async #admit (arrivals: readonly Arrival[]): Promise<Admission> {
    const { report } = this.tally
    const wanted = new Map<string, Arrival[]>()
    for (const arrival of arrivals) {
      if (!await this.#isWanted(arrival)) continue
      const { partition, record: { key } } = arrival
      if (this.ended.has(key)) report.duplicate++
      else if (this.#taken++ >= (this.options.limit ?? Infinity)) report.overLimit++
      else wanted.get(partition)?.push(arrival) ?? wanted.set(partition, [arrival])
    }
    const admission: Admission & { back: Set<Arrival> } = { back: new Set() }
    for (const [partition, some] of wanted) {
      const { created, failure } = await this.#create(partition, some.map(({ record }) => record))
      for (const [i, arrival] of some.entries()) {
        const became = created[i]
        if (became !== undefined) report[OUTCOMES[became]]++
        if (became === 'created') admission.back.add(arrival)
      }
      if (failure !== undefined) return { ...admission, failure }
    }
    return admission
  }

  /** What became of each; undefined where a call failed that stored nothing. */
  async #create (
    partition: string, records: readonly StoredRecord[]
  ): Promise<{ created: Array<Created | undefined>, failure?: { reason: unknown } }> {
    const { vault, caps } = this.to
    const store = vault.of(partition)
    try {
      return { created: await store.createMany(records.map(asNew), partition === ROOT ? caps : UNLIMITED) }
    } catch (reason) {
      // Nobody says what the call has stored before it failed. What is there as it was gets its streams, too.
      const there = await Promise.all(records.map(async ({ key }) => await store.read(key).catch(() => undefined)))
      const isBack = ({ version, createdAt }: StoredRecord, i: number): boolean =>
        there[i]?.version === version && there[i].createdAt === createdAt
      return { created: records.map((record, i) => isBack(record, i) ? 'created' : undefined), failure: { reason } }
    }
  }

  /** Counts those that are not. */
  async #isWanted ({ line, partition, record }: Arrival): Promise<boolean> {
    const { to: { vault }, options: { filter, limit } } = this
    if (partition !== ROOT && filter !== undefined) return false
    if (partition !== ROOT && limit !== undefined) {
      this.tally.report.overLimit++
      return false
    }
    if (!this.#partitions.has(partition) && this.#partitions.size > MOST_PARTITIONS) {
      return this.tally.refuse(line, 'MANY_PARTITIONS')
    }
    this.#partitions.add(partition)
    if (isFuture(record)) return this.tally.refuse(line, 'FUTURE_TIME')
    if (isExpired(record, Date.now())) {
      this.tally.report.expired++
      return false
    }
    // A line of a sealed snapshot is authentic, so the body is what the backend held: like there,
    // it is opened when it is used.
    const isChecked = partition === ROOT && (this.to.isContext !== undefined || vault.codec.keys === undefined)
    const reason = isChecked ? await this.#refusal(record) : undefined
    if (reason !== undefined) return this.tally.refuse(line, reason)
    return filter === undefined || filter(await summarize(vault, record))
  }

  /** @returns why a session must not come back */
  async #refusal (record: StoredRecord): Promise<SnapshotReason | undefined> {
    const { vault, isContext } = this.to
    try {
      const state = await vault.value(record)
      if (ownerDigest(vault.namespace, state.principal) !== record.owner) return 'OTHER_OWNER'
      return isContext?.(state.context) !== false ? undefined : 'WRONG_CONTEXT'
    } catch (error) {
      // It stays sealed until the key is there again, as it would in a backend that never lost it.
      return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? undefined : 'CANNOT_OPEN'
    }
  }
}

const OUTCOMES = { created: 'restored', exists: 'duplicate', 'owner-full': 'overLimit', full: 'overLimit' } as const

/** What came before stays, and what comes next may be smaller. */
async function unlessFull<T> (answer: Promise<T>): Promise<T | 'full'> {
  try {
    return await answer
  } catch (error) {
    if (isHoldfastError(error, 'HOLDFAST_BACKEND_FULL')) return 'full'
    throw error
  }
}

function isFuture ({ createdAt, usedAt }: StoredRecord): boolean {
  return Math.max(createdAt, usedAt) > Date.now() + SKEW
}
