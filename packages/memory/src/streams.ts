import { HoldfastError } from '@holdfast/core'
import { Chain } from './chain.js'
import type { Entry } from './entry.js'
import { flatten } from './flat.js'
import type { Bounds } from './options.js'
import { Room, STREAM_BYTES } from './room.js'
import { Stream, eventBytes } from './stream.js'

/** All streams of all records. Those that have ended are kept for a client that resumes, and are the first to go. */
export class Streams {
  readonly room: Room
  readonly #ended = new Chain<Stream>()
  #endedBytes = 0

  constructor (private readonly bounds: Bounds) {
    this.room = new Room(bounds.maxBytes, () => this.#ended.first === undefined ? 0 : this.#detach(this.#ended.first))
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL */
  append (entry: Entry, name: string, bodies: readonly Uint8Array[], head: Uint8Array): Stream {
    const known = entry.streams?.get(name)
    const bytes = eventBytes(bodies) + (known === undefined ? STREAM_BYTES + head.length : 0)
    if (!this.room.take(bytes)) throw new HoldfastError('HOLDFAST_BACKEND_FULL')
    const stream = known ?? this.#open(entry, name, head)
    stream.append(bodies)
    this.room.free(stream.trim(this.bounds.maxEntries, this.bounds.maxStreamBytes))
    return stream
  }

  end (stream: Stream): void {
    stream.ended = true
    this.#ended.push(stream)
    this.#endedBytes += stream.size
    while (this.#endedBytes > this.bounds.maxEndedBytes) this.#forget(this.#ended.first as Stream)
  }

  /** Forgets the streams of a record. */
  drop (entry: Entry): void {
    for (const stream of entry.streams?.values() ?? []) this.#forget(stream)
    entry.streams = undefined
  }

  #open (entry: Entry, name: string, head: Uint8Array): Stream {
    entry.streams ??= new Map()
    if (entry.streams.size >= this.bounds.maxStreams) this.#forgetEndedOf(entry.streams)
    const stream = new Stream(entry, flatten(name), head)
    entry.streams.set(stream.name, stream)
    return stream
  }

  #forgetEndedOf (streams: Map<string, Stream>): void {
    for (const stream of streams.values()) {
      if (stream.ended) return this.#forget(stream)
    }
  }

  #forget (stream: Stream): void {
    this.room.free(this.#detach(stream))
  }

  #detach (stream: Stream): number {
    stream.entry.streams?.delete(stream.name)
    if (stream.ended) {
      this.#ended.remove(stream)
      this.#endedBytes -= stream.size
    }
    return stream.size
  }
}
