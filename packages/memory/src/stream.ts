import type { RecordKey, StoredStream, StreamHead, StreamPage } from '@holdfast/core'
import { EVENT_BYTES, STREAM_BYTES } from './byte-budget.js'
import type { ListNode } from './linked-list.js'
import { pack, unpack } from './packed.js'

export function eventBytes (bodies: readonly Uint8Array[]): number {
  let bytes = 0
  for (const body of bodies) bytes += body.length + EVENT_BYTES
  return bytes
}

export function streamBytes (head: Uint8Array, bodies: readonly Uint8Array[]): number {
  return STREAM_BYTES + head.length + eventBytes(bodies)
}

/** The node of a stream in the list of its record's ended streams. The stream itself is a node of its owner's list. */
export class EndedNode<Stream> implements ListNode<EndedNode<Stream>> {
  previous: EndedNode<Stream> | undefined = undefined
  next: EndedNode<Stream> | undefined = undefined

  constructor (readonly stream: Stream) {}
}

/** One stream of a record: its newest events, and its head and positions. */
export class Stream<Entry extends { readonly key: RecordKey }> implements ListNode<Stream<Entry>> {
  previous: Stream<Entry> | undefined = undefined
  next: Stream<Entry> | undefined = undefined
  /** Set once it has ended. */
  endedNode: EndedNode<Stream<Entry>> | undefined = undefined
  /** Bytes of the budget that it takes. */
  size = STREAM_BYTES
  #head: string
  #events: string[] = []
  #last = 0
  #delivered = 0

  constructor (readonly entry: Entry, readonly name: string, head: Uint8Array) {
    this.#head = pack(head)
    this.size += head.length
  }

  get ended (): boolean { return this.endedNode !== undefined }
  get last (): number { return this.#last }
  get floor (): number { return this.#last - this.#events.length }

  append (bodies: readonly Uint8Array[]): void {
    for (const body of bodies) this.#events.push(pack(body))
    this.size += eventBytes(bodies)
    this.#last += bodies.length
  }

  /** Drops the oldest events beyond the bounds, never the newest one. Returns the bytes that this frees. */
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

  /** Fills a new stream with an imported one. */
  load ({ floor, entries, delivered }: StoredStream): void {
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
