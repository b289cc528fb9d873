import { setImmediate } from 'node:timers/promises'
import type { StoredStream } from '../backend.js'
import { isHoldfastError } from '../errors.js'
import { ownerDigest } from '../key.js'
import { type StoredRecord, isExpired } from '../record.js'
import type { SessionSummary, Sessions } from '../sessions.js'
import type { SnapshotReason } from './reasons.js'
import type { RestoreReport, Tally } from './report.js'

export interface RestoreOptions {
  /** Which sessions to take. Default: all. */
  filter?: (session: SessionSummary) => boolean
  /** Sessions at most; the others count as `overLimit`. Default: no limit but those of the manager. */
  limit?: number
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: RestoreReport) => void
  /** Gives up when it is aborted: rejects with HOLDFAST_SNAPSHOT_FAILED. What is back by then stays. */
  signal?: AbortSignal
}

/** A session on its way back. */
export interface Arrival {
  line: number
  record: StoredRecord
  streams: StoredStream[]
  /** Whether it is back, once it was tried. */
  admitted?: Promise<boolean>
}

/** How far a time may lie ahead of this machine's clock, in milliseconds. */
const SKEW = 5_000
/** What goes to the backend together, at most. */
const GROUP = 100
const GROUP_BYTES = 2 * 2 ** 20
/** Groups that are on their way, at most, while the next is read. */
const GROUPS = 3

/** Checks and stores sessions, a group at a time. */
export class Restorer {
  #group: Arrival[] = []
  #last: Arrival | undefined
  #bytes = 0
  #taken = 0
  /** Groups on their way. */
  readonly #storing: Array<Promise<void>> = []

  /** @param ended keys of sessions that must not come back */
  constructor (
    private readonly sessions: Sessions,
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

  /** For the session that was added last; there is one. */
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
    const tried = await Promise.allSettled(group.map(async arrival => await this.#restore(arrival)))
    for (const one of tried) if (one.status === 'rejected') throw one.reason
    this.options.onProgress?.(structuredClone(this.tally.report))
  }

  async #restore (arrival: Arrival): Promise<void> {
    const { availability, backend } = this.sessions
    const streams = arrival.streams.splice(0)
    arrival.admitted ??= this.#admit(arrival)
    if (!await arrival.admitted) return
    for (const stream of streams) {
      const stored = await unlessFull(availability.ask(() => backend.events.restore(stream)))
      if (stored === 'full') this.tally.refuse(arrival.line, 'NO_ROOM')
    }
  }

  /** Counts what becomes of a session. @returns whether it is back */
  async #admit ({ line, record }: Arrival): Promise<boolean> {
    const { sessions, ended, options: { filter, limit = Infinity } } = this
    const { report } = this.tally
    const reason = isFuture(record) ? 'FUTURE_TIME' : isExpired(record, Date.now()) ? 'expired' : await this.#check(record)
    if (reason === 'expired') report.expired++
    else if (reason !== undefined) this.tally.refuse(line, reason)
    if (reason !== undefined || (filter !== undefined && !filter(await sessions.summarize(record)))) return false
    const became = ended.has(record.key) ? 'exists' : this.#taken++ < limit ? await unlessFull(sessions.admit(record)) : 'full'
    report[became === 'created' ? 'restored' : became === 'exists' ? 'duplicate' : 'overLimit']++
    return became === 'created'
  }

  /** @returns why a record must not come back */
  async #check (record: StoredRecord): Promise<SnapshotReason | undefined> {
    const { sessions } = this
    // The line is authentic, so the body is what the backend held: like there, it is opened when it is used.
    if (sessions.isContext === undefined && sessions.codec.keys !== undefined) return undefined
    try {
      const state = await sessions.read(record)
      if (ownerDigest(sessions.namespace, state.principal) !== record.owner) return 'OTHER_OWNER'
      return sessions.isContext?.(state.context) !== false ? undefined : 'WRONG_CONTEXT'
    } catch (error) {
      // It stays sealed until the key is there again, as it would in a backend that never lost it.
      return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? undefined : 'CANNOT_OPEN'
    }
  }
}

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
