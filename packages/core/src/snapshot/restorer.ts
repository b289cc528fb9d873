import type { StoredStream } from '../backend.js'
import { isHoldfastError } from '../errors.js'
import { ownerDigest } from '../key.js'
import { type StoredRecord, isExpired } from '../record.js'
import type { SessionSummary, Sessions } from '../sessions.js'
import type { RestoreReport, Tally } from './report.js'

export interface RestoreOptions {
  /** Which sessions to take. Default: all. */
  filter?: (session: SessionSummary) => boolean
  /** Sessions at most; the others count as `overLimit`. Default: no limit but those of the manager. */
  limit?: number
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: RestoreReport) => void
}

/** A session on its way back. */
export interface Arrival {
  line: number
  record: StoredRecord
  streams: StoredStream[]
}

/** How far a time may lie ahead of this machine's clock, in milliseconds. */
const SKEW = 5_000
/** What is stored at the same time, at most. */
const GROUP = 100
const GROUP_BYTES = 4 * 2 ** 20

/** Checks and stores sessions, a group at a time. */
export class Restorer {
  #group: Arrival[] = []
  #bytes = 0
  #taken = 0

  /** @param ended keys of sessions that must not come back */
  constructor (
    private readonly sessions: Sessions,
    private readonly ended: ReadonlySet<string>,
    private readonly options: RestoreOptions,
    readonly tally: Tally
  ) {}

  /** @param bytes what it takes in memory, roughly */
  async add (arrival: Arrival, bytes: number): Promise<void> {
    if (this.#group.length >= GROUP || this.#bytes + bytes > GROUP_BYTES) await this.flush()
    this.#group.push(arrival)
    this.#bytes += bytes
  }

  /** For the session that was added last. */
  addStream (stream: StoredStream, bytes: number): void {
    this.#group.at(-1)?.streams.push(stream)
    this.#bytes += bytes
  }

  async flush (): Promise<void> {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    this.#bytes = 0
    await Promise.all(group.map(async arrival => await this.#restore(arrival)))
    this.options.onProgress?.(structuredClone(this.tally.report))
  }

  async #restore ({ line, record, streams }: Arrival): Promise<void> {
    const { sessions, options: { limit = Infinity } } = this
    const { report } = this.tally
    const now = Date.now()
    if (Math.max(record.createdAt, record.usedAt) > now + SKEW) return this.tally.refuse(line, 'a time lies in the future')
    if (isExpired(record, now)) {
      report.expired++
      return
    }
    const reason = await this.#check(record)
    if (reason !== undefined) return this.tally.refuse(line, reason)
    if (this.options.filter?.(await sessions.summarize(record)) === false) return
    const became = this.ended.has(record.key) ? 'exists' : this.#taken++ < limit ? await sessions.admit(record) : 'full'
    if (became === 'created') {
      for (const stream of streams) await sessions.availability.ask(() => sessions.backend.events.restore(stream))
      report.restored++
    } else if (became === 'exists') {
      report.duplicate++
    } else {
      report.overLimit++
    }
  }

  /** @returns why a record must not come back */
  async #check (record: StoredRecord): Promise<string | undefined> {
    const { sessions } = this
    try {
      const state = await sessions.read(record)
      if (ownerDigest(sessions.namespace, state.principal) !== record.owner) return 'the owner is another one'
      return sessions.isContext(state.context) ? undefined : 'the context does not match its schema'
    } catch (error) {
      // It stays sealed until the key is there again, as it would in a backend that never lost it.
      return isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') ? undefined : 'the session cannot be opened'
    }
  }
}
