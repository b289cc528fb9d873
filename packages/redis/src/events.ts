import {
  type AppendOptions, type EventLog, HoldfastError, type RecordKey, type StoredStream, type StreamHead,
  type StreamPage, type StreamRef
} from '@holdfast/core'
import { batches } from './batches.js'
import { GRACE } from './creations.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import type { Bounds } from './options.js'
import { Reply, toBytes, toCount, toText } from './reply.js'
import { sweep } from './sweep.js'
import { newWriteId } from './write-id.js'

const NO_HEAD = new Uint8Array(0)

/** Bytes of streams that are read at once when all of a record are. */
const SLICE = 2 ** 20

/**
 * The event log: for each record one hash. A stream that began and ended with one append is a field of it; one that
 * stays open has a list of entries of its own.
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
    const answer = await this.link.write('append', this.#keysOf(stream), [
      newWriteId(), stream.name, head, options?.end ? 1 : 0, maxEntries, maxStreamBytes, maxStreams, GRACE, ...entries
    ])
    if (typeof answer === 'number') return answer
    return toText(answer) === 'ended' ? 'ended' : 'gone'
  }

  async readAfter (
    stream: StreamRef, position: number | 'undelivered', limit: number
  ): Promise<StreamPage | undefined> {
    const from = position === 'undelivered' ? '' : position
    const answer = await this.link.run('read-after', this.#keysOf(stream), [stream.name, from, limit])
    if (answer === null) return undefined
    const reply = Reply.of(answer)
    const head = reply.bytes()
    const after = reply.count()
    const [ended, lost, floor] = [reply.flag(), reply.flag(), reply.count()]
    const entries = reply.rest(toBytes).map((body, i) => ({ position: after + i + 1, body }))
    return { head, after, entries, ended, lost, floor }
  }

  async delivered ({ key, name }: StreamRef, position: number): Promise<void> {
    await this.link.run('delivered', [this.keys.streams(key)], [name, position])
  }

  async drop (key: RecordKey): Promise<void> {
    const left = Reply.of(await this.link.write('drop', [this.keys.streams(key)], [newWriteId()])).rest((item) => item)
    await sweep(this.link, left).catch(this.report)
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.streams(key))
    const found = await Promise.all(parts.map(async (batch) => {
      const having = Reply.of(await this.link.run('exist', batch.map((key) => this.keys.streams(key)))).rest(toCount)
      return await Promise.all(batch.filter((_, i) => having[i] === 1).map(async (key) => await this.#streamsOf(key)))
    }))
    return found.flat(2)
  }

  async heads (keys: readonly RecordKey[]): Promise<StreamHead[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.streams(key))
    const found = await Promise.all(parts.map(async (batch) => {
      const answers = Reply.of(await this.link.run('stream-heads', batch.flatMap((key) => this.#keysOf({ key }))))
      return batch.flatMap((key) => toHeads(key, answers.list()))
    }))
    return found.flat()
  }

  async importStream (stream: StoredStream): Promise<boolean> {
    const { name, head, ended, floor, delivered, entries } = stream
    const { maxEntries, maxStreamBytes, maxStreams } = this.bounds
    return toCount(await this.link.write('restore-stream', this.#keysOf(stream), [
      newWriteId(), name, this.#bounded(head), ended ? 1 : 0, maxEntries, maxStreamBytes, maxStreams, GRACE,
      floor, delivered, ...entries
    ])) === 1
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    const { name, head, floor, entries } = stream
    return toCount(await this.link.write('reseal-stream', this.#keysOf(stream), [
      name, this.#bounded(head), floor, GRACE, ...entries
    ])) === 1
  }

  async #streamsOf (key: RecordKey): Promise<StoredStream[]> {
    const streams = new Map<string, StoredStream>()
    let cursor = '0'
    let named: string[] = []
    do {
      const reply = Reply.of(await this.link.run('streams', this.#keysOf({ key }), [cursor, SLICE, ...named]))
      const next = reply.text()
      if (named.length === 0) cursor = next
      named = []
      for (const one of reply.rest((item) => item)) {
        if (Buffer.isBuffer(one)) named.push(one.toString())
        else {
          const stream = toStream(key, Reply.of(one))
          streams.set(stream.name, stream)
        }
      }
    } while (cursor !== '0' || named.length > 0)
    return [...streams.values()]
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL for a head that alone is more than a stream may hold */
  #bounded (head: Uint8Array): Uint8Array {
    if (head.length > this.bounds.maxStreamBytes) throw new HoldfastError('HOLDFAST_BACKEND_FULL')
    return head
  }

  #keysOf ({ key }: Pick<StreamRef, 'key'>): string[] {
    return [this.keys.record(key), this.keys.streams(key)]
  }
}

function toStream (key: RecordKey, reply: Reply): StoredStream {
  const [name, head, floor, ended, delivered] =
    [reply.text(), reply.bytes(), reply.count(), reply.flag(), reply.count()]
  return { key, name, head, floor, ended, delivered, entries: reply.list().rest(toBytes) }
}

function toHeads (key: RecordKey, reply: Reply): StreamHead[] {
  const heads: StreamHead[] = []
  while (!reply.done) {
    heads.push({ key, name: reply.text(), last: reply.count(), ended: reply.flag(), delivered: reply.count() })
  }
  return heads
}
