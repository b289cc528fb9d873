import { HoldfastError, type StoredStream } from '@holdfast/core'
import { Chain } from './chain.js'
import type { Entry } from './entry.js'
import { flatten } from './flat.js'
import type { Bounds } from './options.js'
import { Room } from './room.js'
import { Stream, eventBytes, streamBytes } from './stream.js'

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
    this.#take(known === undefined ? streamBytes(head, bodies) : eventBytes(bodies))
    const stream = known ?? this.#open(entry, name, head)
    stream.append(bodies)
    this.#trim(stream)
    return stream
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL */
  restore (entry: Entry, stored: StoredStream): void {
    this.#take(streamBytes(stored.head, stored.entries))
    const stream = this.#open(entry, stored.name, stored.head)
    stream.restore(stored)
    this.#trim(stream)
    if (stored.ended) this.end(stream)
  }

  /**
   * False when the stream, having ended, was what gave way.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_FULL
   */
  reseal (stream: Stream, stored: StoredStream): boolean {
    const { size } = stream
    const growth = streamBytes(stored.head, stored.entries) - size
    this.#take(growth)
    if (stream.entry.streams?.get(stream.name) !== stream) {
      this.room.free(growth)
      return false
    }
    stream.reseal(stored)
    this.#trim(stream)
    if (stream.ended) this.#countEnded(stream.size - size)
    return true
  }

  end (stream: Stream): void {
    stream.ended = true
    this.#ended.push(stream)
    this.#countEnded(stream.size)
  }

  /** Forgets the streams of a record. */
  drop (entry: Entry): void {
    for (const stream of entry.streams?.values() ?? []) this.#forget(stream)
    entry.streams = undefined
  }

  #take (bytes: number): void {
    if (!this.room.take(bytes)) throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }

  #trim (stream: Stream): void {
    this.room.free(stream.trim(this.bounds.maxEntries, this.bounds.maxStreamBytes))
  }

  #countEnded (bytes: number): void {
    this.#endedBytes += bytes
    while (this.#endedBytes > this.bounds.maxEndedBytes) this.#forget(this.#ended.first as Stream)
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
