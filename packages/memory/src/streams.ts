import { HoldfastError, type StoredStream } from '@holdfast/core'
import type { Account } from './accounts.js'
import { ByteBudget } from './byte-budget.js'
import { Heaviest } from './heaviest.js'
import { LinkedList } from './linked-list.js'
import type { Bounds } from './options.js'
import type { OwnedEntry, OwnedStream } from './owners.js'
import { flatten } from './packed.js'
import { EndedNode, Stream, eventBytes, streamBytes } from './stream.js'

type StreamAccount = Account<OwnedStream>

/** All streams of all records. Ended streams are kept for clients that resume, and are the first to be evicted. */
export class Streams {
  readonly budget: ByteBudget<StreamAccount>
  /** Owners that have ended streams, by all bytes that they hold. */
  readonly #byBytes = new Heaviest<StreamAccount>()
  /** The same owners, by the bytes of their ended streams. */
  readonly #byEnded = new Heaviest<StreamAccount>()
  #endedBytes = 0

  constructor (private readonly bounds: Bounds) {
    this.budget = new ByteBudget(
      bounds.maxBytes, (owner = this.#byBytes.first) => this.#evict(owner), (owner) => { this.#weigh(owner) }
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
  importStream (entry: OwnedEntry, stored: StoredStream): void {
    this.#take(entry.owner.account, streamBytes(stored.head, stored.entries))
    const stream = this.#open(entry, stored.name, stored.head)
    stream.load(stored)
    this.#trim(stream)
    if (stored.ended) this.end(stream)
  }

  /**
   * False when the stream had ended and was itself evicted to make room.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_FULL
   */
  reseal (stream: OwnedStream, stored: StoredStream): boolean {
    const { size } = stream
    const growth = streamBytes(stored.head, stored.entries) - size
    this.#take(stream.entry.owner.account, growth)
    if (stream.entry.streams?.get(stream.name) !== stream) {
      this.budget.free(stream.entry.owner.account, growth)
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
    stream.endedNode = new EndedNode(stream)
    entry.ended ??= new LinkedList()
    entry.ended.push(stream.endedNode)
    owner.ended ??= new LinkedList()
    owner.ended.push(stream)
    this.#countEnded(owner, stream.size)
  }

  /** Forgets the streams of a record. */
  drop (entry: OwnedEntry): void {
    for (const stream of entry.streams?.values() ?? []) this.#forget(stream)
    entry.streams = undefined
  }

  #take (owner: StreamAccount, bytes: number): void {
    if (this.budget.take(owner, bytes) !== 'taken') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  }

  #trim (stream: OwnedStream): void {
    this.budget.free(stream.entry.owner.account, stream.trim(this.bounds.maxEntries, this.bounds.maxStreamBytes))
  }

  /** Evicts from the owner with the most bytes of ended streams, so no owner's streams push out those of another. */
  #countEnded (owner: StreamAccount, bytes: number): void {
    this.#endedBytes += bytes
    owner.endedBytes += bytes
    this.#byEnded.weigh(owner, owner.endedBytes)
    this.#weigh(owner)
    while (this.#endedBytes > this.bounds.maxEndedBytes) this.#evict(this.#byEnded.first)
  }

  #evict (owner: StreamAccount | undefined): boolean {
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
    this.budget.free(owner, stream.size)
    if (stream.endedNode === undefined) return
    ended?.remove(stream.endedNode)
    owner.ended?.remove(stream)
    this.#countEnded(owner, -stream.size)
  }
}
