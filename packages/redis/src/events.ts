import {
  type AppendOptions, type EventLog, HoldfastError, type RecordKey, type StoredStream, type StreamHead,
  type StreamPage, type StreamRef
} from '@holdfast/core'
import { batches } from './batches.js'
import { GRACE } from './create-batcher.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import type { Bounds } from './options.js'
import { ScriptReply, toBytes, toCount, toText } from './script-reply.js'
import { unlinkLists } from './unlink-lists.js'
import { newWriteId } from './write-id.js'

const NO_HEAD = new Uint8Array(0)

/** Bytes of streams that one call reads when all streams of a record are read. */
const BYTES_AT_ONCE = 2 ** 20

/**
 * The event log: a hash for each record. A stream that began and ended with one append is a field of the hash. A stream
 * that stayed open has its own list of entries.
 */
export class RedisEvents implements EventLog {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly bounds: Bounds,
    private readonly report: (error: Error) => void
  ) {}

  async append (
    stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'> {
    const { maxEntries, maxStreamBytes, maxStreams } = this.bounds
    const head = this.#bounded(options?.head ?? NO_HEAD)
    const answer = await this.link.write('stream-append', this.#keysOf(stream), [
      newWriteId(), stream.name, head, options?.end ? 1 : 0, maxEntries, maxStreamBytes, maxStreams, GRACE,
      ...entries.map(copy)
    ])
    if (typeof answer === 'number') return answer
    return toText(answer) === 'ended' ? 'ended' : 'gone'
  }

  async readAfter (
    stream: StreamRef, position: number | 'undelivered', limit: number
  ): Promise<StreamPage | undefined> {
    const from = position === 'undelivered' ? '' : position
    const answer = await this.link.run('stream-read-after', this.#keysOf(stream), [stream.name, from, limit])
    if (answer === null) return undefined
    const reply = ScriptReply.of(answer)
    const head = reply.bytes()
    const after = reply.count()
    const [ended, lost, floor] = [reply.flag(), reply.flag(), reply.count()]
    const entries = reply.rest(toBytes).map((body, i) => ({ position: after + i + 1, body }))
    return { head, after, entries, ended, lost, floor }
  }

  async delivered ({ key, name }: StreamRef, position: number): Promise<void> {
    await this.link.run('stream-delivered', [this.keys.streams(key)], [name, position])
  }

  async drop (key: RecordKey): Promise<void> {
    const reply = ScriptReply.of(await this.link.write('stream-drop', [this.keys.streams(key)], [newWriteId()]))
    await unlinkLists(this.link, reply.rest((item) => item)).catch(this.report)
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.streams(key))
    const found = await Promise.all(parts.map(async (batch) => {
      const names = batch.map((key) => this.keys.streams(key))
      const exist = ScriptReply.of(await this.link.run('record-exist', names)).rest(toCount)
      return await Promise.all(batch.filter((_, i) => exist[i] === 1).map(async (key) => await this.#streamsOf(key)))
    }))
    return found.flat(2)
  }

  async heads (keys: readonly RecordKey[]): Promise<StreamHead[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.streams(key))
    const found = await Promise.all(parts.map(async (batch) => {
      const answers = ScriptReply.of(await this.link.run('stream-heads', batch.flatMap((key) => this.#keysOf({ key }))))
      return batch.flatMap((key) => toHeads(key, answers.list()))
    }))
    return found.flat()
  }

  async importStream (stream: StoredStream): Promise<boolean> {
    const { name, head, ended, floor, delivered, entries } = stream
    const { maxEntries, maxStreamBytes, maxStreams } = this.bounds
    return toCount(await this.link.write('stream-insert', this.#keysOf(stream), [
      newWriteId(), name, this.#bounded(head), ended ? 1 : 0, maxEntries, maxStreamBytes, maxStreams, GRACE,
      floor, delivered, ...entries.map(copy)
    ])) === 1
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    const { name, head, floor, entries } = stream
    return toCount(await this.link.write('stream-reseal', this.#keysOf(stream), [
      name, this.#bounded(head), floor, GRACE, ...entries.map(copy)
    ])) === 1
  }

  async #streamsOf (key: RecordKey): Promise<StoredStream[]> {
    const streams = new Map<string, StoredStream>()
    let cursor = '0'
    let named: string[] = []
    do {
      const args = [cursor, BYTES_AT_ONCE, ...named]
      const reply = ScriptReply.of(await this.link.run('stream-list', this.#keysOf({ key }), args))
      const next = reply.text()
      if (named.length === 0) cursor = next
      named = []
      for (const item of reply.rest((item) => item)) {
        if (Buffer.isBuffer(item)) named.push(item.toString())
        else {
          const stream = toStream(key, ScriptReply.of(item))
          streams.set(stream.name, stream)
        }
      }
    } while (cursor !== '0' || named.length > 0)
    return [...streams.values()]
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL for a head that alone is larger than a stream may be */
  #bounded (head: Uint8Array): Buffer {
    if (head.length > this.bounds.maxStreamBytes) throw new HoldfastError('HOLDFAST_BACKEND_FULL')
    return copy(head)
  }

  #keysOf ({ key }: Pick<StreamRef, 'key'>): string[] {
    return [this.keys.record(key), this.keys.streams(key)]
  }
}

function copy (bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

function toStream (key: RecordKey, reply: ScriptReply): StoredStream {
  const [name, head, floor, ended, delivered] =
    [reply.text(), reply.bytes(), reply.count(), reply.flag(), reply.count()]
  return { key, name, head, floor, ended, delivered, entries: reply.list().rest(toBytes) }
}

function toHeads (key: RecordKey, reply: ScriptReply): StreamHead[] {
  const heads: StreamHead[] = []
  while (!reply.done) {
    heads.push({ key, name: reply.text(), last: reply.count(), ended: reply.flag(), delivered: reply.count() })
  }
  return heads
}
