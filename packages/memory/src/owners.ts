import { isExpired } from '@holdfast/core'
import { Chain, type Link } from './chain.js'
import type { Entry } from './entry.js'
import { flatten } from './flat.js'
import { Table } from './table.js'

/** An owner who has records, oldest first. */
export class Owner extends Chain<Entry> implements Link<Owner> {
  previous: Owner | undefined = undefined
  next: Owner | undefined = undefined

  constructor (readonly name: string, readonly number: number) {
    super()
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

  get (name: string): Owner | undefined {
    return this.#byName.get(name)
  }

  arrive (name: string): Owner {
    const owner = new Owner(flatten(name), ++this.#arrivals)
    this.#byName.add(owner.name, owner)
    this.push(owner)
    return owner
  }

  leave (entry: Entry): void {
    const { owner } = entry
    owner.remove(entry)
    if (owner.size > 0) return
    this.#byName.delete(owner.name)
    this.remove(owner)
  }
}
