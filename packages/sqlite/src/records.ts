import type {
  Created, IdleRecord, NewRecord, RecordHead, RecordKey, RecordLimits, RecordStore, StoredRecord
} from '@holdfast/core'
import { HoldfastError, expiresAt } from '@holdfast/core'
import { type Body, checksum, verified } from './checksum.js'
import type { ExpiredRecords } from './expired-records.js'
import type { Head } from './heads.js'
import type { IdleRecords } from './idle-records.js'
import type { Partition } from './partition.js'
import type { RecordLister } from './record-lister.js'
import type { RecordRemover } from './record-remover.js'
import { type Amount, toRecord } from './rows.js'

type Query = Parameters<RecordStore['list']>[0]

/** The records of one partition. */
export class SqliteRecords implements RecordStore {
  constructor (
    private readonly partition: Partition,
    private readonly remover: RecordRemover,
    private readonly lister: RecordLister,
    private readonly idleRecords: IdleRecords,
    private readonly expiredRecords: ExpiredRecords
  ) {}

  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    const copy = { ...record, body: Buffer.from(record.body) }
    try {
      return await this.partition.write(() => this.#create(copy, limits))
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'HOLDFAST_BACKEND_FULL') return 'full'
      throw error
    }
  }

  async createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]> {
    return await Promise.all(records.map(async (record) => await this.create(record, limits)))
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.partition.readTogether((now) => {
      const head = this.partition.heads.living(key, now)
      return head === undefined ? undefined : this.#whole(head)
    })
  }

  // Not async: each request comes through here, and there is hardly ever something to wait for.
  touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return this.partition.read((now) => {
      const head = this.partition.heads.living(key, now)
      if (head === undefined) return undefined
      const written = this.partition.touches.use(head, now)
      if (written === undefined && head.version === version) return 'current'
      return this.#touched(head, version, written)
    })
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    const copy = Buffer.from(body)
    const { connection, heads, sql } = this.partition
    return await this.partition.write((now) => {
      const head = heads.living(key, now)
      if (head === undefined) return 'gone'
      if (head.version !== version) return 'conflict'
      this.#demandRoom(head, copy)
      const usedAt = Math.max(head.usedAt, now)
      connection.run(sql.replace, usedAt, checksum(copy), copy, head.id)
      heads.keep({ ...head, version: version + 1, usedAt, storedUse: usedAt })
      return version + 1
    })
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    const copy = Buffer.from(body)
    const { connection, heads, sql } = this.partition
    return await this.partition.write((now) => {
      const head = heads.living(key, now)
      if (head?.version !== version) return false
      this.#demandRoom(head, copy)
      connection.run(sql.reseal, checksum(copy), copy, head.id)
      return true
    })
  }

  async remove (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.remover.remove(key)
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    return await this.remover.removeOwner(owner)
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    return await this.remover.removed(keys)
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    return await this.partition.write(() => {
      const head = this.partition.heads.find(key)
      if (head === undefined || head.version > version) return false
      this.partition.delete(head)
      return true
    })
  }

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    return await this.lister.list(query)
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    return await this.lister.listHeads(query)
  }

  async idlest (query: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    return await this.idleRecords.find(query)
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    return await this.expiredRecords.claim(limit)
  }

  async count (owner?: string): Promise<number> {
    const { connection, sql } = this.partition
    return await this.partition.read(() => (owner === undefined
      ? connection.get<Amount>(sql.amount)
      : connection.get<Amount>(sql.amountOfOwner, owner))?.amount as number)
  }

  async #touched (
    { key, version }: Head, known: number, written: Promise<void> | undefined
  ): Promise<'current' | StoredRecord | undefined> {
    await written
    return version === known ? 'current' : await this.read(key)
  }

  #create (record: NewRecord, { maxRecords, maxPerOwner }: RecordLimits): Created {
    const { connection, heads, sql } = this.partition
    const { key, owner, idle, absolute, body, origin } = record
    const now = connection.now()
    if (heads.find(key) !== undefined || connection.get(sql.taken, key, now) !== undefined) return 'exists'
    if (owner !== '' && this.#isFull(owner, maxPerOwner, now)) return 'owner-full'
    if ((connection.get<Amount>(sql.amount) as Amount).amount >= maxRecords ||
      !connection.hasRoom(body.length)) return 'full'
    const createdAt = Math.min(origin?.createdAt ?? now, now)
    const usedAt = Math.min(origin?.usedAt ?? now, now)
    const deadline = endOf(createdAt, absolute)
    const head = { key, owner, version: origin?.version ?? 1, createdAt, usedAt, idle, deadline }
    const id = connection.insert(
      sql.insert, key, owner, head.version, createdAt, usedAt, idle, head.deadline, expiresAt(head), usedAt,
      checksum(body), body
    )
    heads.keep({ ...head, id, storedUse: usedAt })
    return 'created'
  }

  /** Expired records that nobody has claimed yet do not count. */
  #isFull (owner: string, maxPerOwner: number, now: number): boolean {
    const { connection, sql } = this.partition
    const most = Math.min(maxPerOwner, Number.MAX_SAFE_INTEGER)
    const atMost = (sql: string, ...more: number[]): number =>
      (connection.get<Amount>(sql, owner, ...more, most) as Amount).amount
    return atMost(sql.amountUpTo) >= most && atMost(sql.livingUpTo, now) >= most
  }

  #whole (head: Head): StoredRecord {
    return toRecord(head, verified(this.#row(head)))
  }

  #row ({ id }: Head): Body {
    return this.partition.connection.get<Body>(this.partition.sql.body, id) as Body
  }

  /** A smaller body is always welcome. */
  #demandRoom (head: Head, body: Uint8Array): void {
    const growth = body.length - this.#row(head).body.length
    if (growth <= 0 || this.partition.connection.hasRoom(growth)) return
    throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }
}

/** A driver refuses to read a number beyond the safe ones. */
function endOf (createdAt: number, absolute: number): number {
  return Math.min(createdAt + absolute, Number.MAX_SAFE_INTEGER)
}
