import type { RecordKey } from '@holdfast/core'
import type { OwnedEntry, Owner, Owners } from './owners.js'

/**
 * The order of lists: by owner, in the order in which owners got their first record; then by the creation of the
 * records. Using a record does not change this order.
 */
export class ListOrder {
  constructor (private readonly owners: Owners, private readonly get: (key: RecordKey) => OwnedEntry | undefined) {}

  first (owner: string | undefined): OwnedEntry | undefined {
    return (owner === undefined ? this.owners.first : this.owners.get(owner))?.first
  }

  /** The next entry: of this owner, or of all owners when `owner` is undefined. */
  next (entry: OwnedEntry, owner: string | undefined): OwnedEntry | undefined {
    return entry.next ?? (owner === undefined ? entry.owner.next?.first : undefined)
  }

  cursorAt (entry: OwnedEntry): string {
    return `${entry.owner.number}.${entry.number}.${entry.key}`
  }

  /**
   * The first entry after a cursor. If the entry that the cursor names still exists, the next one is found at once.
   * Otherwise the numbers in the cursor say where to search.
   */
  after (cursor: string, owner: string | undefined): OwnedEntry | undefined {
    const [, ownerNumber, number, key = ''] = /^(\d+)\.(\d+)\.(.*)$/s.exec(cursor) ?? []
    const entry = this.get(key)
    const listed = entry !== undefined && entry.number === Number(number) &&
      (owner === undefined || entry.owner.name === owner)
    if (listed) return this.next(entry, owner)
    return this.#search(Number(ownerNumber), Number(number), owner)
  }

  #search (ownerNumber: number, number: number, name: string | undefined): OwnedEntry | undefined {
    const owner = name === undefined ? this.#ownerFrom(ownerNumber) : this.owners.get(name)
    if (owner?.number !== ownerNumber) return owner?.first
    let entry = owner.first
    while (entry !== undefined && entry.number <= number) entry = entry.next
    return entry ?? (name === undefined ? owner.next?.first : undefined)
  }

  #ownerFrom (number: number): Owner | undefined {
    let owner = this.owners.first
    while (owner !== undefined && owner.number < number) owner = owner.next
    return owner
  }
}
