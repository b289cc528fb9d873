import { HoldfastError, type StoredStream } from '@holdfast/core'
import type { Account } from './accounts.js'
import { Chain } from './chain.js'
import { flatten } from './flat.js'
import { Heaviest } from './heaviest.js'
import type { Bounds } from './options.js'
import type { OwnedEntry, OwnedStream } from './owners.js'
import { Room } from './room.js'
import { Ended, Stream, eventBytes, streamBytes } from './stream.js'

type StreamAccount = Account<OwnedStream>

/** All streams of all records. Those that have ended are kept for a client that resumes, and are the first to go. */
export class Streams {
  readonly room: Room<StreamAccount>
  /** Owners who have streams that have ended, by all their bytes. */
  readonly #byBytes = new Heaviest<StreamAccount>()
  /** The same, by the bytes of those streams. */
  readonly #byEnded = new Heaviest<StreamAccount>()
  #endedBytes = 0

  constructor (private readonly bounds: Bounds) {
    this.room = new Room(
      bounds.maxBytes, (owner = this.#byBytes.first) => this.#giveWay(owner), (owner) => { this.#weigh(owner) }
    )
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL */
  append (entry: OwnedEntry, name: string, bodies: readonly Uint8Array[], head: Uint8Array): OwnedStream {
    const known = entry.streams?.get(name)
    this.#take(entry.owner.account, known === undefined ? streamBytes(head, bodies) : eventBytes(bodies))
    const stream = known ?? this.#open(entry, name, head)
    stream.append(bodies)
    this.#trim(stream)
    return stream
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_FULL */
  restore (entry: OwnedEntry, stored: StoredStream): void {
    this.#take(entry.owner.account, streamBytes(stored.head, stored.entries))
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
  reseal (stream: OwnedStream, stored: StoredStream): boolean {
    const { size } = stream
    const growth = streamBytes(stored.head, stored.entries) - size
    this.#take(stream.entry.owner.account, growth)
    if (stream.entry.streams?.get(stream.name) !== stream) {
      this.room.free(stream.entry.owner.account, growth)
      return false
    }
    stream.reseal(stored)
    this.#trim(stream)
    if (stream.ended) this.#countEnded(stream.entry.owner.account, stream.size - size)
    return true
  }

  end (stream: OwnedStream): void {
    const { entry } = stream
    const owner = entry.owner.account
    stream.place = new Ended(stream)
    entry.ended ??= new Chain()
    entry.ended.push(stream.place)
    owner.ended ??= new Chain()
    owner.ended.push(stream)
    this.#countEnded(owner, stream.size)
  }

  /** Forgets the streams of a record. */
  drop (entry: OwnedEntry): void {
    for (const stream of entry.streams?.values() ?? []) this.#forget(stream)
    entry.streams = undefined
  }

  #take (owner: StreamAccount, bytes: number): void {
    if (this.room.take(owner, bytes) !== 'taken') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }

  #trim (stream: OwnedStream): void {
    this.room.free(stream.entry.owner.account, stream.trim(this.bounds.maxEntries, this.bounds.maxStreamBytes))
  }

  /** The owner with most of them makes room, so that nobody's push out those of others. */
  #countEnded (owner: StreamAccount, bytes: number): void {
    this.#endedBytes += bytes
    owner.endedBytes += bytes
    this.#byEnded.weigh(owner, owner.endedBytes)
    this.#weigh(owner)
    while (this.#endedBytes > this.bounds.maxEndedBytes) this.#giveWay(this.#byEnded.first)
  }

  #giveWay (owner: StreamAccount | undefined): boolean {
    const oldest = owner?.ended?.first
    if (oldest !== undefined) this.#forget(oldest)
    return oldest !== undefined
  }

  #weigh (owner: StreamAccount): void {
    this.#byBytes.weigh(owner, owner.endedBytes > 0 ? owner.bytes : 0)
  }

  #open (entry: OwnedEntry, name: string, head: Uint8Array): OwnedStream {
    entry.streams ??= new Map()
    const ended = entry.ended?.first
    if (ended !== undefined && entry.streams.size >= this.bounds.maxStreams) this.#forget(ended.stream)
    const stream = new Stream(entry, flatten(name), head)
    entry.streams.set(stream.name, stream)
    return stream
  }

  #forget (stream: OwnedStream): void {
    const { ended, owner: { account: owner }, streams } = stream.entry
    streams?.delete(stream.name)
    this.room.free(owner, stream.size)
    if (stream.place === undefined) return
    ended?.remove(stream.place)
    owner.ended?.remove(stream)
    this.#countEnded(owner, -stream.size)
  }
}
