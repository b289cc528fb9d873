import { isExpired } from '@holdfast/core'
import type { Account, Accounts } from './accounts.js'
import { LastUseHeap } from './last-use-heap.js'
import { LinkedList, type ListNode } from './linked-list.js'
import { flatten } from './packed.js'
import type { RecordEntry } from './record-entry.js'
import { ShardedMap } from './sharded-map.js'
import type { Stream } from './stream.js'

/** Records that one call looks at besides those that it returns. An owner with no more records needs no heap. */
const SCANNED = 100

/** A record and a stream as memory holds them, each with its owner. */
export type OwnedEntry = RecordEntry<Owner>
export type OwnedStream = Stream<OwnedEntry>

/** An owner that has records in one partition: the list of these records, oldest first. */
export class Owner extends LinkedList<OwnedEntry> implements ListNode<Owner> {
  previous: Owner | undefined = undefined
  next: Owner | undefined = undefined
  #heap: LastUseHeap<OwnedEntry> | undefined

  constructor (readonly account: Account<OwnedStream>, readonly number: number) {
    super()
  }

  get name (): string { return this.account.name }

  override push (entry: OwnedEntry): void {
    super.push(entry)
    if (this.#heap !== undefined) this.#heap.add(entry)
    else if (this.size > SCANNED) this.#heap = new LastUseHeap(this)
  }

  override remove (entry: OwnedEntry): void {
    super.remove(entry)
    this.#heap?.remove(entry)
  }

  /** See `RecordStore.idlest`. */
  idlest (now: number, unusedFor: number, limit: number): OwnedEntry[] {
    if (this.#heap !== undefined) return this.#heap.idlest(now, unusedFor, limit, SCANNED + limit)
    const idle = [...this].filter((entry) => now - entry.usedAt >= unusedFor && !isExpired(entry, now))
    return idle.sort((a, b) => a.usedAt - b.usedAt).slice(0, limit)
  }

  isFull (max: number, now: number): boolean {
    return this.name !== '' && this.size >= max && this.#countLiving(now) >= max
  }

  #countLiving (now: number): number {
    let living = 0
    for (let entry = this.first; entry !== undefined; entry = entry.next) if (!isExpired(entry, now)) living++
    return living
  }
}

/** All owners of one partition, in the order in which they got their first record. */
export class Owners extends LinkedList<Owner> {
  readonly #byName = new ShardedMap<Owner>()
  #added = 0

  constructor (private readonly accounts: Accounts<OwnedStream>) {
    super()
  }

  get (name: string): Owner | undefined {
    return this.#byName.get(name)
  }

  add (name: string): Owner {
    const owner = new Owner(this.accounts.open(flatten(name)), ++this.#added)
    this.#byName.add(owner.name, owner)
    this.push(owner)
    return owner
  }

  removeEntry (entry: OwnedEntry): void {
    const { owner } = entry
    owner.remove(entry)
    this.dropIfEmpty(owner)
  }

  /** Drops the owner if it has no records. */
  dropIfEmpty (owner: Owner): void {
    if (owner.size > 0) return
    this.#byName.delete(owner.name)
    this.remove(owner)
    this.accounts.close(owner.account)
  }
}
