import type { AppendOptions, EventLog, StoredStream, StreamHead, StreamPage, StreamRef } from '../backend.js'
import { partitionOf } from '../partitions.js'
import type { RecordKey } from '../record.js'
import { type Change, WHOLE } from './change.js'
import type { Routing } from './routing.js'

/** The event log of the serving backend, or of one of its partitions. */
export class RoutedEvents implements EventLog {
  constructor (private readonly router: Routing, private readonly partition: string) {}

  async append (
    stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'> {
    const { key, name } = stream
    return await this.#ask(async events => {
      const answer = await events.append(stream, entries, options)
      if (typeof answer === 'number') this.#wrote(key, { kind: 'stream', name })
      return answer
    })
  }

  async readAfter (
    stream: StreamRef, position: number | 'undelivered', limit: number
  ): Promise<StreamPage | undefined> {
    return await this.#ask(async events => await events.readAfter(stream, position, limit))
  }

  async delivered (stream: StreamRef, position: number): Promise<void> {
    const { key, name } = stream
    await this.#ask(async events => {
      await events.delivered(stream, position)
      this.#wrote(key, { kind: 'stream', name })
    })
  }

  async drop (key: RecordKey): Promise<void> {
    await this.#ask(async events => {
      await events.drop(key)
      this.#wrote(key, WHOLE)
    })
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    return await this.#ask(async events => await events.streams(keys))
  }

  async heads (keys: readonly RecordKey[]): Promise<StreamHead[]> {
    return await this.#ask(async events => await events.heads(keys))
  }

  async importStream (stream: StoredStream): Promise<boolean> {
    return await this.#whole(stream.key, async events => await events.importStream(stream))
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    return await this.#whole(stream.key, async events => await events.reseal(stream))
  }

  async #whole (key: RecordKey, write: (events: EventLog) => Promise<boolean>): Promise<boolean> {
    return await this.#ask(async events => {
      const done = await write(events)
      if (done) this.#wrote(key, WHOLE)
      return done
    })
  }

  async #ask<T> (call: (events: EventLog) => Promise<T>): Promise<T> {
    return await this.router.ask(async serving => await call(partitionOf(serving, this.partition).events))
  }

  #wrote (key: RecordKey, change: Change): void {
    this.router.wrote(this.partition, key, change)
  }
}
