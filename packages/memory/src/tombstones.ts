import type { RecordKey } from '@holdfast/core'
import { ShardedMap } from './sharded-map.js'

interface Tombstone {
  key: RecordKey
  deadline: number
}

/** Keys of removed records, each until its record would have expired. Beyond `max`, the oldest is dropped. */
export class Tombstones {
  readonly #byKey = new ShardedMap<Tombstone>()
  readonly #inOrder: Tombstone[] = []
  #oldest = 0

  constructor (private readonly max: number) {}

  /** The key must not have a tombstone that is still valid. */
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
