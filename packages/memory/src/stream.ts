import type { RecordKey, StoredStream, StreamHead, StreamPage } from '@holdfast/core'
import type { Link } from './chain.js'
import { pack, unpack } from './flat.js'
import { EVENT_BYTES, STREAM_BYTES } from './room.js'

export function eventBytes (bodies: readonly Uint8Array[]): number {
  let bytes = 0
  for (const body of bodies) bytes += body.length + EVENT_BYTES
  return bytes
}

export function streamBytes (head: Uint8Array, bodies: readonly Uint8Array[]): number {
  return STREAM_BYTES + head.length + eventBytes(bodies)
}

/** Where the ended streams of a record have one. */
export class Ended<Stream> implements Link<Ended<Stream>> {
  previous: Ended<Stream> | undefined = undefined
  next: Ended<Stream> | undefined = undefined

  constructor (readonly stream: Stream) {}
}

/** One stream of a record: its newest events, and what is known of it for as long as it lives. */
export class Stream<Entry extends { readonly key: RecordKey }> implements Link<Stream<Entry>> {
  previous: Stream<Entry> | undefined = undefined
  next: Stream<Entry> | undefined = undefined
  /** Set once it has ended. */
  place: Ended<Stream<Entry>> | undefined = undefined
  /** Bytes of the room that it takes. */
  size = STREAM_BYTES
  #head: string
  #events: string[] = []
  #last = 0
  #delivered = 0

  constructor (readonly entry: Entry, readonly name: string, head: Uint8Array) {
    this.#head = pack(head)
    this.size += head.length
  }

  get ended (): boolean { return this.place !== undefined }
  get last (): number { return this.#last }
  get floor (): number { return this.#last - this.#events.length }

  append (bodies: readonly Uint8Array[]): void {
    for (const body of bodies) this.#events.push(pack(body))
    this.size += eventBytes(bodies)
    this.#last += bodies.length
  }

  /** Drops the oldest events beyond the bounds, never the newest. Returns the bytes of room that they took. */
  trim (maxEntries: number, maxBytes: number): number {
    let freed = 0
    while (this.#events.length > 1 && (this.#events.length > maxEntries || this.size - freed > maxBytes)) {
      freed += (this.#events.shift() as string).length + EVENT_BYTES
    }
    this.size -= freed
    return freed
  }

  read (position: number | 'undelivered', limit: number): StreamPage {
    const after = position === 'undelivered' ? this.#delivered : position
    const { floor } = this
    const lost = after < floor || after > this.#last
    const start = after - floor
    const entries = lost
      ? []
      : this.#events.slice(start, start + limit).map((event, index) => ({
        position: after + index + 1, body: unpack(event)
      }))
    const ended = this.ended && !lost && after + entries.length === this.#last
    return { head: unpack(this.#head), after, entries, ended, lost, floor }
  }

  deliver (position: number): void {
    this.#delivered = Math.max(this.#delivered, position)
  }

  /** For a stream that is new. */
  restore ({ floor, entries, delivered }: StoredStream): void {
    this.#last = floor
    this.#delivered = delivered
    this.append(entries)
  }

  isAt ({ floor, entries }: StoredStream): boolean {
    return this.floor === floor && this.#events.length === entries.length
  }

  reseal ({ head, entries }: StoredStream): void {
    this.#head = pack(head)
    this.#events = entries.map(pack)
    this.size = streamBytes(head, entries)
  }

  toStored (): StoredStream {
    const { entry: { key }, name, floor, ended } = this
    return {
      key, name, head: unpack(this.#head), floor, entries: this.#events.map(unpack), ended, delivered: this.#delivered
    }
  }

  toHead (): StreamHead {
    const { entry: { key }, name, last, ended } = this
    return { key, name, last, ended, delivered: this.#delivered }
  }
}
