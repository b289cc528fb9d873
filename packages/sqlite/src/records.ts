import type {
  Created, IdleRecord, NewRecord, RecordHead, RecordKey, RecordLimits, RecordStore, StoredRecord
} from '@holdfast/core'
import { HoldfastError, expiresAt, isExpired } from '@holdfast/core'
import { type Body, checksum, isWhole, verified } from './checksum.js'
import { SqliteError } from './errors.js'
import type { Head, HeadRow } from './heads.js'
import type { Partition } from './partition.js'

type Query = Parameters<RecordStore['list']>[0]

type WholeRow = HeadRow & Body

/** Records that one transaction removes or claims. More would hold up the process. */
const SLICE = 25

/** Records that one call of `idlest` checks beyond the requested ones. */
const IDLE_CHECKS = 100

/** Milliseconds until a sweep meets a damaged record again. */
const DAMAGE_LATER = 3_600_000

/** Tombstones that one claim deletes because they ended. */
const ENDED_TOMBSTONES = 100

/** The records of one partition. */
export class SqliteRecords implements RecordStore {
  /** @param report called with each damaged body that a list or a sweep leaves out */
  constructor (
    private readonly partition: Partition,
    private readonly maxTombstones: number,
    private readonly report: (error: Error) => void
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

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    const { writing, known } = await this.partition.read((now) => {
      const head = this.partition.heads.living(key, now)
      return head === undefined ? {} : { writing: this.partition.touches.use(head, now), known: head.version }
    })
    await writing
    if (known === undefined) return undefined
    return known === version ? 'current' : await this.read(key)
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
    return await this.partition.write((now) => {
      const head = this.partition.heads.living(key, now)
      if (head === undefined) return undefined
      // A damaged record can be removed, too.
      const record = toRecord(head, this.#row(head).body)
      this.#bury(head)
      return record
    })
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const { connection, heads, sql } = this.partition
    const removed: RecordKey[] = []
    for (let after = 0; ;) {
      const { living, last } = await this.partition.write((now) => {
        const all = connection.all<HeadRow>(sql.ofOwner, owner, after, SLICE).map((row) => heads.of(row))
        const living = all.filter((head) => !isExpired(head, now))
        for (const head of living) this.#bury(head)
        return { living, last: all[SLICE - 1] }
      }, false)
      removed.push(...living.map(({ key }) => key))
      if (last === undefined) break
      after = last.id
    }
    if (removed.length > 0) await this.partition.confirm()
    return removed
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const { connection, sql } = this.partition
    return await this.partition.read((now) => keys.filter((key) => connection.get(sql.taken, key, now) !== undefined))
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    return await this.partition.write(() => {
      const head = this.partition.heads.find(key)
      if (head === undefined || head.version > version) return false
      this.#delete(head)
      return true
    })
  }

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    const { list, listOfOwner } = this.partition.sql
    const { items: records, ...cursor } = await this.#page<WholeRow, StoredRecord>(query, list, listOfOwner, (row, head) => {
      if (isWhole(row)) return toRecord(head, row.body)
      this.report(new SqliteError('SQLITE_DAMAGED_BODY'))
      return undefined
    })
    return { records, ...cursor }
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    const { listHeads, ofOwner } = this.partition.sql
    const { items: heads, ...cursor } = await this.#page(query, listHeads, ofOwner, (_, head) => toHead(head))
    return { heads, ...cursor }
  }

  async idlest ({ owner, unusedFor, limit }: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    const { connection, heads, sql } = this.partition
    const checked = limit + IDLE_CHECKS
    const { found, used } = await this.partition.read((now) => {
      const before = now - unusedFor
      const rows = connection.all<HeadRow & { seen: number }>(sql.unseen, owner, before, checked)
      // A record that was not checked may have been unused for longer than one that was used since it was last seen.
      const horizon = rows.length < checked ? before : Math.min(before, rows.at(-1)?.seen as number)
      const all = rows.map((row) => ({ head: heads.of(row), seen: row.seen }))
      return {
        found: all.map(({ head }) => head).filter((head) => head.usedAt <= horizon && !isExpired(head, now)),
        used: all.filter(({ head, seen }) => head.usedAt > seen).map(({ head }) => head)
      }
    })
    if (used.length > 0) {
      await this.partition.write(() => {
        for (const { id, usedAt } of used) connection.run(sql.see, usedAt, id)
      }, false)
    }
    return found.sort((a, b) => a.usedAt - b.usedAt).slice(0, limit).map(({ key, usedAt }) => ({ key, usedAt }))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    const { connection, sql } = this.partition
    const records: StoredRecord[] = []
    let more = true
    for (let left = limit; more && left > 0; left -= SLICE) {
      const claim = await this.partition.write((now) => {
        const claimed = this.#claimSome(Math.min(SLICE, left), now)
        return { claimed, more: connection.get(sql.anyDue, now) !== undefined }
      }, false)
      records.push(...claim.claimed)
      more = claim.more
    }
    if (records.length > 0) await this.partition.confirm()
    return { records, more }
  }

  async count (owner?: string): Promise<number> {
    const { connection, sql } = this.partition
    return await this.partition.read(() => (owner === undefined
      ? connection.get<Amount>(sql.amount)
      : connection.get<Amount>(sql.amountOfOwner, owner))?.amount as number)
  }

  #create (record: NewRecord, { maxRecords, maxPerOwner }: RecordLimits): Created {
    const { connection, heads, sql } = this.partition
    const { key, owner, idle, absolute, body, origin } = record
    const now = connection.now()
    if (heads.find(key) !== undefined || connection.get(sql.taken, key, now) !== undefined) return 'exists'
    if (owner !== '' && this.#isFull(owner, maxPerOwner, now)) return 'owner-full'
    if ((connection.get<Amount>(sql.amount) as Amount).amount >= maxRecords || !connection.hasRoom()) return 'full'
    const createdAt = Math.min(origin?.createdAt ?? now, now)
    const usedAt = Math.min(origin?.usedAt ?? now, now)
    const head = { key, owner, version: origin?.version ?? 1, createdAt, usedAt, idle, deadline: createdAt + absolute }
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

  #claimSome (amount: number, now: number): StoredRecord[] {
    const { connection, heads, sql } = this.partition
    const claimed: StoredRecord[] = []
    for (const row of connection.all<WholeRow>(sql.due, now, amount)) {
      const head = heads.of(row)
      if (!isExpired(head, now)) {
        connection.run(sql.postpone, expiresAt(head), head.id)
      } else if (isWhole(row)) {
        claimed.push(toRecord(head, row.body))
        this.#delete(head)
      } else {
        this.report(new SqliteError('SQLITE_DAMAGED_BODY'))
        connection.run(sql.postpone, now + DAMAGE_LATER, head.id)
      }
    }
    connection.run(sql.unburyEnded, now, ENDED_TOMBSTONES)
    return claimed
  }

  async #page<Row extends HeadRow, Item> (
    { owner, cursor, limit }: Query, all: string, ofOwner: string, item: (row: Row, head: Head) => Item | undefined
  ): Promise<{ items: Item[], cursor?: string }> {
    const { connection, heads } = this.partition
    return await this.partition.read((now) => {
      const after = positionOf(cursor)
      const rows = owner === undefined
        ? connection.all<Row>(all, after, limit + 1)
        : connection.all<Row>(ofOwner, owner, after, limit + 1)
      const items: Item[] = []
      for (const row of rows.slice(0, limit)) {
        const head = heads.of(row)
        const found = isExpired(head, now) ? undefined : item(row, head)
        if (found !== undefined) items.push(found)
      }
      return { items, ...(rows.length > limit && { cursor: String(rows[limit - 1]?.id) }) }
    })
  }

  #whole (head: Head): StoredRecord {
    return toRecord(head, verified(this.#row(head)))
  }

  #row ({ id }: Head): Body {
    return this.partition.connection.get<Body>(this.partition.sql.body, id) as Body
  }

  /** A smaller body is always welcome. */
  #demandRoom (head: Head, body: Uint8Array): void {
    if (this.partition.connection.hasRoom() || body.length <= this.#row(head).body.length) return
    throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }

  #bury (head: Head): void {
    const { connection, sql } = this.partition
    connection.run(sql.bury, head.key, expiresAt(head))
    const { amount } = connection.get<Amount>(sql.buried) as Amount
    if (amount > this.maxTombstones) connection.run(sql.unbury, amount - this.maxTombstones)
    this.#delete(head)
  }

  #delete (head: Head): void {
    this.partition.connection.run(this.partition.sql.remove, head.id)
    this.partition.heads.forget(head.key)
    this.partition.touches.forget(head.key)
  }
}

interface Amount { amount: number }

function toHead ({ key, owner, version, createdAt, usedAt, idle, deadline }: Head): RecordHead {
  return { key, owner, version, createdAt, usedAt, idle, deadline }
}

function toRecord (head: Head, body: Uint8Array): StoredRecord {
  return { ...toHead(head), body }
}

/** A cursor is the id of the last record of its page. Any other text ends the list. */
function positionOf (cursor: string | undefined): number {
  if (cursor === undefined) return 0
  return /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.MAX_SAFE_INTEGER
}
