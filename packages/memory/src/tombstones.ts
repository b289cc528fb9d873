import type { RecordKey } from '@holdfast/core'
import { Table } from './table.js'

interface Tombstone {
  key: RecordKey
  deadline: number
}

/**
 * Keys of removed records, each until its record would have expired. When there are too many, the oldest is forgotten.
 */
export class Tombstones {
  readonly #byKey = new Table<Tombstone>()
  readonly #inOrder: Tombstone[] = []
  #oldest = 0

  constructor (private readonly max: number) {}

  /** For a key without a tombstone that still holds. */
  add (key: RecordKey, deadline: number): void {
    const previous = this.#byKey.get(key)
    if (previous !== undefined) {
      previous.deadline = deadline
      return
    }
    const tombstone = { key, deadline }
    this.#byKey.add(key, tombstone)
    if (this.#inOrder.length < this.max) {
      this.#inOrder.push(tombstone)
      return
    }
    this.#byKey.delete((this.#inOrder[this.#oldest] as Tombstone).key)
    this.#inOrder[this.#oldest] = tombstone
    this.#oldest = (this.#oldest + 1) % this.max
  }

  has (key: RecordKey, now: number): boolean {
    const tombstone = this.#byKey.get(key)
    return tombstone !== undefined && now < tombstone.deadline
  }
}
