import type {
  AppendOptions, EventLog, RecordKey, StoredStream, StreamHead, StreamPage, StreamRef
} from '@holdfast/core'
import type { Partition } from './partition.js'
import type { StreamRow, Streams } from './streams.js'

const NO_HEAD = new Uint8Array(0)

/** The event log of one partition. The streams of a record are deleted with it. */
export class SqliteEvents implements EventLog {
  constructor (private readonly partition: Partition, private readonly streamRows: Streams) {}

  async append (
    { key, name }: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'> {
    const [copies, head] = [entries.map(copy), copy(options?.head ?? NO_HEAD)]
    return await this.partition.write((now) => {
      const record = this.partition.heads.living(key, now)
      if (record === undefined) return 'gone'
      const known = this.streamRows.find(record.id, name)
      if (known !== undefined && known.ended > 0) return 'ended'
      this.streamRows.demandRoom(NO_HEAD, lengthOf(copies))
      const stream = known ?? this.streamRows.open(record.id, name, head)
      const last = this.streamRows.append(stream, copies)
      if (options?.end) this.streamRows.end(stream)
      return last
    })
  }

  async readAfter (
    { key, name }: StreamRef, position: number | 'undelivered', limit: number
  ): Promise<StreamPage | undefined> {
    return await this.partition.readTogether((now) => {
      const stream = this.#find(key, name, now)
      return stream === undefined ? undefined : this.streamRows.read(stream, position, limit)
    })
  }

  async delivered ({ key, name }: StreamRef, position: number): Promise<void> {
    await this.partition.write((now) => {
      const record = this.partition.heads.living(key, now)
      if (record !== undefined) this.streamRows.deliver(record.id, name, position)
    }, false)
  }

  async drop (key: RecordKey): Promise<void> {
    await this.partition.write((now) => {
      const record = this.partition.heads.living(key, now)
      if (record !== undefined) this.streamRows.dropAll(record.id)
    })
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    return await this.#ofAll(keys, (key, stream) => this.streamRows.toStored(key, stream))
  }

  async heads (keys: readonly RecordKey[]): Promise<StreamHead[]> {
    return await this.#ofAll(keys, (key, stream) => this.streamRows.toHead(key, stream))
  }

  async importStream (stream: StoredStream): Promise<boolean> {
    const { key, name, floor, delivered, ended } = stream
    const [copies, head] = [stream.entries.map(copy), copy(stream.head)]
    return await this.partition.write((now) => {
      const record = this.partition.heads.living(key, now)
      if (record === undefined || this.streamRows.find(record.id, name) !== undefined) return false
      this.streamRows.demandRoom(NO_HEAD, lengthOf(copies))
      const made = this.streamRows.open(record.id, name, head, floor, delivered)
      this.streamRows.append(made, copies)
      if (ended) this.streamRows.end(made)
      return true
    })
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    const copies = { ...stream, head: copy(stream.head), entries: stream.entries.map(copy) }
    return await this.partition.write((now) => {
      const known = this.#find(stream.key, stream.name, now)
      return known !== undefined && this.streamRows.reseal(known, copies)
    })
  }

  #find (key: RecordKey, name: string, now: number): StreamRow | undefined {
    const record = this.partition.heads.living(key, now)
    return record === undefined ? undefined : this.streamRows.find(record.id, name)
  }

  async #ofAll<T> (keys: readonly RecordKey[], read: (key: RecordKey, stream: StreamRow) => T): Promise<T[]> {
    return await this.partition.readTogether((now) => keys.flatMap((key) => {
      const record = this.partition.heads.living(key, now)
      return record === undefined ? [] : this.streamRows.ofRecord(record.id).map((stream) => read(key, stream))
    }))
  }
}

function copy (bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

function lengthOf (entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0)
}
