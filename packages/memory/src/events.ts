import type {
  AppendOptions, EventLog, RecordKey, StoredStream, StreamHead, StreamPage, StreamRef
} from '@holdfast/core'
import type { OwnedStream } from './owners.js'
import type { MemoryRecords } from './records.js'
import type { Streams } from './streams.js'

const NO_HEAD = new Uint8Array(0)

/** The event log. Each record's entry holds the record's streams, so they are deleted with it. */
export class MemoryEvents implements EventLog {
  constructor (private readonly records: MemoryRecords, private readonly held: Streams) {}

  async append (
    { key, name }: StreamRef,
    bodies: readonly Uint8Array[],
    options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'> {
    const entry = this.records.living(key)
    if (entry === undefined) return 'gone'
    if (entry.streams?.get(name)?.ended) return 'ended'
    const stream = this.held.append(entry, name, bodies, options?.head ?? NO_HEAD)
    if (options?.end) this.held.end(stream)
    return stream.last
  }

  async readAfter (
    { key, name }: StreamRef,
    position: number | 'undelivered',
    limit: number
  ): Promise<StreamPage | undefined> {
    return this.records.living(key)?.streams?.get(name)?.read(position, limit)
  }

  async delivered ({ key, name }: StreamRef, position: number): Promise<void> {
    this.records.living(key)?.streams?.get(name)?.deliver(position)
  }

  async drop (key: RecordKey): Promise<void> {
    const entry = this.records.living(key)
    if (entry !== undefined) this.held.drop(entry)
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    return this.#streamsOf(keys).map((stream) => stream.toStored())
  }

  async heads (keys: readonly RecordKey[]): Promise<StreamHead[]> {
    return this.#streamsOf(keys).map((stream) => stream.toHead())
  }

  async importStream (stream: StoredStream): Promise<boolean> {
    const entry = this.records.living(stream.key)
    if (entry === undefined || entry.streams?.has(stream.name)) return false
    this.held.importStream(entry, stream)
    return true
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    const known = this.records.living(stream.key)?.streams?.get(stream.name)
    return known !== undefined && known.isAt(stream) && this.held.reseal(known, stream)
  }

  #streamsOf (keys: readonly RecordKey[]): OwnedStream[] {
    return keys.flatMap((key) => [...this.records.living(key)?.streams?.values() ?? []])
  }
}
