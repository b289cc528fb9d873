import type { AppendOptions, EventLog, RecordKey, StoredStream, StreamPage, StreamRef } from '@holdfast/core'
import { batches } from './batches.js'
import { GRACE } from './creations.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'
import type { Bounds } from './options.js'
import { Reply, toBytes, toCount, toText } from './reply.js'
import { newWriteId } from './write-id.js'

const NO_HEAD = new Uint8Array(0)

/** The event log: for each record one hash of what is known about its streams, and for each stream a list of entries. */
export class RedisEvents implements EventLog {
  constructor (private readonly link: Link, private readonly keys: Keys, private readonly bounds: Bounds) {}

  async append (stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions): Promise<number | 'ended' | 'gone'> {
    const { maxEntries, maxStreamBytes, maxStreams } = this.bounds
    const answer = await this.link.write('append', this.#keysOf(stream), [
      newWriteId(), stream.name, options?.head ?? NO_HEAD, options?.end ? 1 : 0, maxEntries, maxStreamBytes, maxStreams, GRACE, ...entries
    ])
    if (typeof answer === 'number') return answer
    return toText(answer) === 'ended' ? 'ended' : 'gone'
  }

  async readAfter (stream: StreamRef, position: number | 'undelivered', limit: number): Promise<StreamPage | undefined> {
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
    await this.link.write('drop', [this.keys.streams(key)])
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    const found = await Promise.all(batches(this.link.client, keys, (key) => this.keys.streams(key)).map(async (batch) => {
      const having = Reply.of(await this.link.run('exist', batch.map((key) => this.keys.streams(key)))).rest(toCount)
      return await Promise.all(batch.filter((_, i) => having[i] === 1).map(async (key) => await this.#streamsOf(key)))
    }))
    return found.flat(2)
  }

  async restore (stream: StoredStream): Promise<boolean> {
    const { name, head, ended, floor, delivered, entries } = stream
    const { maxEntries, maxStreamBytes } = this.bounds
    return toCount(await this.link.write('restore-stream', this.#keysOf(stream), [
      newWriteId(), name, head, ended ? 1 : 0, maxEntries, maxStreamBytes, GRACE, floor, delivered, ...entries
    ])) === 1
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    const { name, head, floor, entries } = stream
    return toCount(await this.link.write('reseal-stream', this.#keysOf(stream), [name, head, floor, ...entries])) === 1
  }

  async #streamsOf (key: RecordKey): Promise<StoredStream[]> {
    const reply = Reply.of(await this.link.run('streams', [this.keys.record(key), this.keys.streams(key)]))
    const streams: StoredStream[] = []
    while (!reply.done) {
      const one = reply.list()
      const [name, head, floor, ended, delivered] = [one.text(), one.bytes(), one.count(), one.flag(), one.count()]
      streams.push({ key, name, head, floor, ended, delivered, entries: one.list().rest(toBytes) })
    }
    return streams
  }

  #keysOf (stream: StreamRef): string[] {
    return [this.keys.record(stream.key), this.keys.streams(stream.key), this.keys.stream(stream)]
  }
}
