import type {
  Created, IdleRecord, NewRecord, RecordHead, RecordKey, RecordLimits, RecordStore, StoredRecord
} from '@holdfast/core'
import { HoldfastError, expiresAt, isExpired } from '@holdfast/core'
import type { Accounts } from './accounts.js'
import { RECORD_BYTES } from './byte-budget.js'
import { ExpiryWheel } from './expiry-wheel.js'
import { ListOrder } from './list-order.js'
import type { Bounds } from './options.js'
import { type OwnedEntry, type OwnedStream, Owners } from './owners.js'
import { pack } from './packed.js'
import { RecordEntry } from './record-entry.js'
import { ShardedMap } from './sharded-map.js'
import type { Streams } from './streams.js'
import { Tombstones } from './tombstones.js'

type Query = Parameters<RecordStore['list']>[0]

/** The records of one partition, indexed by key, by owner and by the time at which they seem to expire. */
export class MemoryRecords implements RecordStore {
  readonly #entries = new ShardedMap<OwnedEntry>()
  readonly #owners: Owners
  readonly #order: ListOrder
  readonly #tombstones: Tombstones
  readonly #wheel: ExpiryWheel
  #made = 0

  /**
   * @param streams shared by all partitions
   * @param accounts shared by all partitions
   */
  constructor (
    private readonly now: () => number,
    bounds: Bounds,
    private readonly streams: Streams,
    accounts: Accounts<OwnedStream>
  ) {
    this.#owners = new Owners(accounts)
    this.#order = new ListOrder(this.#owners, (key) => this.#entries.get(key))
    this.#tombstones = new Tombstones(bounds.maxTombstones)
    this.#wheel = new ExpiryWheel(now())
  }

  living (key: RecordKey): OwnedEntry | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || isExpired(entry, this.now()) ? undefined : entry
  }

  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    return this.#create(record, limits)
  }

  async createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]> {
    return records.map((record) => this.#create(record, limits))
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return this.living(key)?.toRecord()
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    const entry = this.#entries.get(key)
    const now = this.now()
    if (entry === undefined || isExpired(entry, now)) return undefined
    entry.usedAt = now
    return entry.version === version ? 'current' : entry.toRecord()
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    const entry = this.living(key)
    if (entry === undefined) return 'gone'
    if (entry.version !== version) return 'conflict'
    this.#store(entry, body)
    entry.usedAt = this.now()
    return ++entry.version
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    const entry = this.living(key)
    if (entry?.version !== version) return false
    this.#store(entry, body)
    return true
  }

  async remove (key: RecordKey): Promise<StoredRecord | undefined> {
    const entry = this.living(key)
    if (entry === undefined) return undefined
    const record = entry.toRecord()
    this.#remove(entry)
    return record
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const now = this.now()
    const removed: RecordKey[] = []
    let entry = this.#owners.get(owner)?.first
    while (entry !== undefined) {
      const { next } = entry
      if (!isExpired(entry, now)) {
        this.#remove(entry)
        removed.push(entry.key)
      }
      entry = next
    }
    return removed
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const now = this.now()
    return keys.filter((key) => this.#tombstones.has(key, now))
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.version > version) return false
    this.#forget(entry)
    return true
  }

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    const { items: records, cursor } = this.#page(query, (entry) => entry.toRecord())
    return { records, ...cursor }
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    const { items: heads, cursor } = this.#page(query, (entry) => entry.toHead())
    return { heads, ...cursor }
  }

  async idlest ({ owner, unusedFor, limit }: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    const entries = this.#owners.get(owner)?.idlest(this.now(), unusedFor, limit) ?? []
    return entries.map(({ key, usedAt }) => ({ key, usedAt }))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    const now = this.now()
    const records: StoredRecord[] = []
    for (let looked = 0; looked < limit; looked++) {
      const entry = this.#wheel.take(now)
      if (entry === undefined) break
      if (isExpired(entry, now)) {
        records.push(entry.toRecord())
        this.#forget(entry)
      } else {
        this.#wheel.add(entry, now)
      }
    }
    return { records, more: this.#wheel.isDue(now) }
  }

  async count (owner?: string): Promise<number> {
    return owner === undefined ? this.#entries.size : this.#owners.get(owner)?.size ?? 0
  }

  #page<Item> (
    { owner, cursor, limit }: Query, read: (entry: OwnedEntry) => Item
  ): { items: Item[], cursor?: { cursor: string } } {
    const now = this.now()
    const items: Item[] = []
    let entry = cursor === undefined ? this.#order.first(owner) : this.#order.after(cursor, owner)
    for (let looked = 1; entry !== undefined; looked++) {
      if (!isExpired(entry, now)) items.push(read(entry))
      const next = this.#order.next(entry, owner)
      if (next !== undefined && looked === limit) return { items, cursor: { cursor: this.#order.cursorAt(entry) } }
      entry = next
    }
    return { items }
  }

  #create (record: NewRecord, limits: RecordLimits): Created {
    const now = this.now()
    if (this.#entries.get(record.key) !== undefined || this.#tombstones.has(record.key, now)) return 'exists'
    const known = this.#owners.get(record.owner)
    if (known?.isFull(limits.maxPerOwner, now)) return 'owner-full'
    if (this.#entries.size >= limits.maxRecords) return 'full'
    const owner = known ?? this.#owners.add(record.owner)
    const taken = this.streams.budget.take(owner.account, RECORD_BYTES + record.body.length)
    if (taken !== 'taken') {
      this.#owners.dropIfEmpty(owner)
      return taken
    }
    const entry = new RecordEntry(record, owner, ++this.#made, now)
    owner.push(entry)
    this.#entries.add(entry.key, entry)
    this.#wheel.add(entry, now)
    return 'created'
  }

  #store (entry: OwnedEntry, body: Uint8Array): void {
    const taken = this.streams.budget.take(entry.owner.account, body.length - entry.body.length)
    if (taken !== 'taken') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
    entry.body = pack(body)
  }

  #remove (entry: OwnedEntry): void {
    this.#tombstones.add(entry.key, expiresAt(entry))
    this.#forget(entry)
  }

  #forget (entry: OwnedEntry): void {
    entry.leaveRing()
    this.#entries.delete(entry.key)
    this.streams.drop(entry)
    this.streams.budget.free(entry.owner.account, RECORD_BYTES + entry.body.length)
    this.#owners.removeEntry(entry)
  }
}
