import type { AppendOptions, EventLog, StoredStream, StreamPage, StreamRef } from '../backend.js'
import type { RecordKey } from '../record.js'
import { WHOLE } from './change.js'
import type { Router } from './router.js'

/** The event log of whichever backend serves. */
export class RoutedEvents implements EventLog {
  constructor (private readonly router: Router) {}

  async append (stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions): Promise<number | 'ended' | 'gone'> {
    const { key, name } = stream
    return await this.router.ask(async ({ events }) => {
      const answer = await events.append(stream, entries, options)
      if (typeof answer === 'number') this.router.wrote(key, { kind: 'stream', name })
      return answer
    })
  }

  async readAfter (stream: StreamRef, position: number | 'undelivered', limit: number): Promise<StreamPage | undefined> {
    return await this.router.ask(async ({ events }) => await events.readAfter(stream, position, limit))
  }

  async delivered (stream: StreamRef, position: number): Promise<void> {
    const { key, name } = stream
    await this.router.ask(async ({ events }) => {
      await events.delivered(stream, position)
      this.router.wrote(key, { kind: 'stream', name })
    })
  }

  async drop (key: RecordKey): Promise<void> {
    await this.router.ask(async ({ events }) => {
      await events.drop(key)
      this.router.wrote(key, WHOLE)
    })
  }

  async streams (keys: readonly RecordKey[]): Promise<StoredStream[]> {
    return await this.router.ask(async ({ events }) => await events.streams(keys))
  }

  async restore (stream: StoredStream): Promise<boolean> {
    return await this.#whole(stream.key, async events => await events.restore(stream))
  }

  async reseal (stream: StoredStream): Promise<boolean> {
    return await this.#whole(stream.key, async events => await events.reseal(stream))
  }

  async #whole (key: RecordKey, write: (events: EventLog) => Promise<boolean>): Promise<boolean> {
    return await this.router.ask(async ({ events }) => {
      const done = await write(events)
      if (done) this.router.wrote(key, WHOLE)
      return done
    })
  }
}
