import { isExpired } from '@holdfast/core'
import type { Account, Accounts } from './accounts.js'
import { Chain, type Link } from './chain.js'
import type { Entry } from './entry.js'
import { flatten } from './flat.js'
import type { Stream } from './stream.js'
import { Uses } from './uses.js'
import { Table } from './table.js'

/** Records that one call looks at besides those it returns; an owner with no more needs no index of their uses. */
const AT_ONCE = 100

/** A record and a stream as they are held: each knows whose it is. */
export type OwnedEntry = Entry<Owner>
export type OwnedStream = Stream<OwnedEntry>

/** An owner who has records in one partition, oldest first. */
export class Owner extends Chain<OwnedEntry> implements Link<Owner> {
  previous: Owner | undefined = undefined
  next: Owner | undefined = undefined
  #uses: Uses<OwnedEntry> | undefined

  constructor (readonly account: Account<OwnedStream>, readonly number: number) {
    super()
  }

  get name (): string { return this.account.name }

  override push (entry: OwnedEntry): void {
    super.push(entry)
    if (this.#uses !== undefined) this.#uses.add(entry)
    else if (this.size > AT_ONCE) this.#uses = new Uses(this)
  }

  override remove (entry: OwnedEntry): void {
    super.remove(entry)
    this.#uses?.remove(entry)
  }

  /** See `RecordStore.idlest`. */
  idlest (now: number, unusedFor: number, limit: number): OwnedEntry[] {
    if (this.#uses !== undefined) return this.#uses.idlest(now, unusedFor, limit, AT_ONCE + limit)
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

/** All owners in order of arrival. An owner without records is forgotten. */
export class Owners extends Chain<Owner> {
  readonly #byName = new Table<Owner>()
  #arrivals = 0

  constructor (private readonly accounts: Accounts<OwnedStream>) {
    super()
  }

  get (name: string): Owner | undefined {
    return this.#byName.get(name)
  }

  arrive (name: string): Owner {
    const owner = new Owner(this.accounts.open(flatten(name)), ++this.#arrivals)
    this.#byName.add(owner.name, owner)
    this.push(owner)
    return owner
  }

  leave (entry: OwnedEntry): void {
    const { owner } = entry
    owner.remove(entry)
    this.dismiss(owner)
  }

  /** Forgets an owner without records. */
  dismiss (owner: Owner): void {
    if (owner.size > 0) return
    this.#byName.delete(owner.name)
    this.remove(owner)
    this.accounts.close(owner.account)
  }
}
