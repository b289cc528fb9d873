import type { RecordKey } from '../record.js'
import type { Change } from './change.js'

/** The changes of one record that a copy does not have yet, merged into one. */
export interface PendingChange {
  /** When the oldest of the changes happened: `performance.now()`. */
  since: number
  kind: 'used' | 'changed' | 'whole' | 'released' | 'removed'
  /** The version at the last use. */
  version: number
  streams: Set<string>
}

const ORDER: ReadonlyArray<PendingChange['kind']> = ['used', 'changed', 'whole', 'released', 'removed']

/** A record with a pending change. */
export interface PendingRecord {
  /** The name of its partition, or `ROOT`. */
  partition: string
  key: RecordKey
  pending: PendingChange
}

/** The records of which a copy lacks a change. */
export class PendingChanges {
  /** By partition and key. */
  readonly #records = new Map<string, PendingRecord>()

  /** @param max records that are kept apart */
  constructor (private readonly max: number) {}

  get size (): number { return this.#records.size }

  /** When the oldest change happened; Infinity when there is none. */
  get since (): number {
    let since = Infinity
    for (const { pending } of this.#records.values()) since = Math.min(since, pending.since)
    return since
  }

  /** @returns false when there are too many records; then all are forgotten */
  add (partition: string, key: RecordKey, change: Change): boolean {
    const name = nameOf(partition, key)
    const known = this.#records.get(name)
    if (known !== undefined) {
      merge(known.pending, toPending(change, known.pending.since))
      return true
    }
    if (this.#records.size >= this.max) {
      this.#records.clear()
      return false
    }
    this.#records.set(name, { partition, key, pending: toPending(change, performance.now()) })
    return true
  }

  /** Takes out the oldest records. */
  take (limit: number): PendingRecord[] {
    const taken: PendingRecord[] = []
    for (const [name, record] of this.#records) {
      if (taken.length === limit) break
      taken.push(record)
      this.#records.delete(name)
    }
    return taken
  }

  /** Puts taken records back, behind all others. */
  putBack (taken: readonly PendingRecord[]): void {
    for (const record of taken) {
      const name = nameOf(record.partition, record.key)
      const later = this.#records.get(name)
      if (later !== undefined) merge(record.pending, later.pending)
      this.#records.delete(name)
      this.#records.set(name, record)
    }
  }
}

/** Unique, because the name of a partition has no colon. */
function nameOf (partition: string, key: RecordKey): string {
  return `${partition}:${key}`
}

function toPending (change: Change, since: number): PendingChange {
  return {
    since,
    kind: change.kind === 'stream' ? 'used' : change.kind,
    version: change.kind === 'used' ? change.version : 0,
    streams: new Set(change.kind === 'stream' ? [change.name] : [])
  }
}

function merge (pending: PendingChange, later: PendingChange): void {
  // A released key may have a new record, of which the copy has nothing.
  if (pending.kind === 'released' && ORDER.indexOf(later.kind) < ORDER.indexOf('released')) pending.kind = 'whole'
  else if (ORDER.indexOf(later.kind) > ORDER.indexOf(pending.kind)) pending.kind = later.kind
  if (later.version > 0) pending.version = later.version
  for (const name of later.streams) pending.streams.add(name)
}
