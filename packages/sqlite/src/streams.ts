import { HoldfastError, type RecordKey, type StoredStream, type StreamHead, type StreamPage } from '@holdfast/core'
import { type Body, checksum, isWhole, verified } from './checksum.js'
import { SqliteError } from './errors.js'
import type { Settings } from './options.js'
import type { Partition } from './partition.js'

/** Bytes that an event takes of its stream beside its body. */
const EVENT_BYTES = 64

type StreamSettings = Pick<Settings, 'maxEntries' | 'maxStreamBytes' | 'maxStreams' | 'onWarning'>

/** A row of the table of streams. `ended` numbers the ended streams of a record; 0 while a stream is open. */
export interface StreamRow {
  id: number
  record: number
  name: string
  head: Uint8Array
  last: number
  floor: number
  bytes: number
  ended: number
  delivered: number
}

type EventRow = Body & { position: number }

/** The rows of streams and events, by the id of their record. Its writes run within a transaction. */
export class Streams {
  constructor (private readonly partition: Partition, private readonly settings: StreamSettings) {}

  find (record: number, name: string): StreamRow | undefined {
    return this.#connection.get<StreamRow>(this.#sql.stream, record, name)
  }

  ofRecord (record: number): StreamRow[] {
    return this.#connection.all<StreamRow>(this.#sql.ofRecord, record)
  }

  /**
   * Makes an empty stream, and drops the oldest ended one of the record if there are too many.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_FULL for a head that alone is larger than a stream may be
   */
  open (record: number, name: string, head: Uint8Array, floor = 0, delivered = 0): StreamRow {
    this.demandRoom(head, 0)
    const { amount } = this.#connection.get<{ amount: number }>(this.#sql.amount, record) as { amount: number }
    if (amount >= this.settings.maxStreams) {
      const oldest = this.#connection.get<{ id: number }>(this.#sql.oldestEnded, record)
      if (oldest !== undefined) this.#abandon(this.#sql.abandon, oldest.id)
    }
    const bytes = head.length
    const id = this.#connection.insert(this.#sql.insert, record, name, head, floor, floor, bytes, delivered)
    return { id, record, name, head, last: floor, floor, bytes, ended: 0, delivered }
  }

  /** Adds entries, and drops the oldest ones beyond the bounds. @returns the position of the last one */
  append (stream: StreamRow, entries: readonly Uint8Array[]): number {
    let { last, bytes } = stream
    for (const entry of entries) {
      this.#connection.run(this.#sql.append, stream.id, ++last, checksum(entry), entry)
      bytes += entry.length + EVENT_BYTES
    }
    this.#store({ ...stream, last, bytes })
    return last
  }

  end ({ id, record }: StreamRow): void {
    this.#connection.run(this.#sql.end, record, id)
  }

  deliver (record: number, name: string, position: number): void {
    this.#connection.run(this.#sql.deliver, position, record, name)
  }

  dropAll (record: number): void {
    this.#abandon(this.#sql.abandonAll, record)
  }

  read (stream: StreamRow, position: number | 'undelivered', limit: number): StreamPage {
    const { id, head, floor, last } = stream
    const after = position === 'undelivered' ? stream.delivered : position
    const lost = after < floor || after > last
    const rows = lost ? [] : this.#connection.all<EventRow>(this.#sql.after, id, after, limit)
    const entries = rows.map((row) => ({ position: row.position, body: verified(row) }))
    return { head, after, entries, ended: stream.ended > 0 && !lost && after + entries.length === last, lost, floor }
  }

  /** Puts the same positions under another seal. @returns false unless the stream still has exactly these */
  reseal (stream: StreamRow, { head, floor, entries }: StoredStream): boolean {
    if (stream.floor !== floor || stream.last - stream.floor !== entries.length) return false
    this.demandRoom(head, 0)
    this.#connection.run(this.#sql.clear, stream.id)
    this.#connection.run(this.#sql.setHead, head, stream.id)
    this.append({ ...stream, last: floor, bytes: head.length }, entries)
    return true
  }

  /** A damaged entry counts as dropped, and so do the entries before it. The others can be moved elsewhere. */
  toStored (key: RecordKey, stream: StreamRow): StoredStream {
    const { name, head, ended, delivered } = stream
    const rows = this.#connection.all<EventRow>(this.#sql.all, stream.id)
    const damaged = rows.findLastIndex((row) => !isWhole(row))
    if (damaged >= 0) this.settings.onWarning(new SqliteError('SQLITE_DAMAGED_BODY'))
    const floor = rows[damaged]?.position ?? stream.floor
    const entries = rows.slice(damaged + 1).map(({ body }) => body)
    return { key, name, head, floor, ended: ended > 0, delivered, entries }
  }

  toHead (key: RecordKey, { name, last, ended, delivered }: StreamRow): StreamHead {
    return { key, name, last, ended: ended > 0, delivered }
  }

  /**
   * @param bytes of entries
   * @throws HoldfastError HOLDFAST_BACKEND_FULL
   */
  demandRoom (head: Uint8Array, bytes: number): void {
    const fits = head.length <= this.settings.maxStreamBytes && this.#connection.hasRoom(head.length + bytes)
    if (!fits) throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }

  #abandon (sql: string, id: number): void {
    this.#connection.run(sql, id)
    this.partition.abandoned.plan()
  }

  #store (stream: StreamRow): void {
    const { id, last } = stream
    let { floor, bytes } = stream
    while (last - floor > 1 && (last - floor > this.settings.maxEntries || bytes > this.settings.maxStreamBytes)) {
      floor++
      const { size } = this.#connection.get<{ size: number }>(this.#sql.size, id, floor) as { size: number }
      bytes -= size + EVENT_BYTES
    }
    if (floor > stream.floor) this.#connection.run(this.#sql.trim, id, floor)
    this.#connection.run(this.#sql.update, last, floor, bytes, id)
  }

  get #connection () { return this.partition.connection }
  get #sql () { return this.partition.streamSql }
}
