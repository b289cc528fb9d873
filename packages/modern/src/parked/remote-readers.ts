import type { FleetMessage, RecordKey } from '@holdfast/core'
import { asEntry } from './call-log.js'
import type { Entry } from './story.js'

type Said = Extract<FleetMessage, { type: 'call-said' }>

/** Waits here for what a call of another replica says. */
export interface RemoteReader {
  said (after: number, entries: readonly Entry[]): void
  /** The other replica does not know the call: it has ended, or was never there. */
  unknown (): void
}

/** The readers in this process that wait for calls of other replicas. */
export class RemoteReaders {
  readonly #readers = new Map<RecordKey, Set<RemoteReader>>()

  add (key: RecordKey, reader: RemoteReader): void {
    const readers = this.#readers.get(key)
    if (readers === undefined) this.#readers.set(key, new Set([reader]))
    else readers.add(reader)
  }

  delete (key: RecordKey, reader: RemoteReader): void {
    const readers = this.#readers.get(key)
    if (readers?.delete(reader) === true && readers.size === 0) this.#readers.delete(key)
  }

  said ({ key, after, entries }: Said): void {
    for (const reader of this.#readers.get(key) ?? []) reader.said(after, entries.map(asEntry))
  }

  unknown (key: RecordKey): void {
    for (const reader of this.#readers.get(key) ?? []) reader.unknown()
  }
}
