import type { AppendOptions, EventLog, RecordKey, StreamPage, StreamRef } from '@holdfast/core'
import type { MemoryRecords } from './records.js'
import type { Streams } from './streams.js'

const NO_HEAD = new Uint8Array(0)

/** The event log: streams hang on their record's entry, so they go with it. */
export class MemoryEvents implements EventLog {
  constructor (private readonly records: MemoryRecords, private readonly streams: Streams) {}

  async append ({ key, name }: StreamRef, bodies: readonly Uint8Array[], options?: AppendOptions): Promise<number | 'ended' | 'gone'> {
    const entry = this.records.living(key)
    if (entry === undefined) return 'gone'
    if (entry.streams?.get(name)?.ended) return 'ended'
    const stream = this.streams.append(entry, name, bodies, options?.head ?? NO_HEAD)
    if (options?.end) this.streams.end(stream)
    return stream.last
  }

  async readAfter ({ key, name }: StreamRef, position: number | 'undelivered', limit: number): Promise<StreamPage | undefined> {
    return this.records.living(key)?.streams?.get(name)?.read(position, limit)
  }

  async delivered ({ key, name }: StreamRef, position: number): Promise<void> {
    this.records.living(key)?.streams?.get(name)?.deliver(position)
  }

  async drop (key: RecordKey): Promise<void> {
    const entry = this.records.living(key)
    if (entry !== undefined) this.streams.drop(entry)
  }
}
