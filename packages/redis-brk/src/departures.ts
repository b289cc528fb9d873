import { batches } from './batches.js'
import { type Entry, entryName } from './entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply, toText } from './reply.js'

/** An entry that leaves, with the time at which the tombstone of its record ends, where it has one. */
export interface Departure extends Entry {
  tombstone?: number
}

/** Entries on their way out of the index. One that could not leave is dropped by whoever claims it. */
export class Departures {
  readonly #most: number

  constructor (private readonly link: Link, private readonly keys: Keys, maxTombstones: number) {
    this.#most = Math.ceil(maxTombstones / SHARDS)
  }

  async leave (leaving: readonly Departure[]): Promise<void> {
    const allOf = ({ key }: Entry): string => this.keys.all(shardOf(key))
    const forgotten = await Promise.all(batches(this.link.client, leaving, allOf).map(async (batch) => {
      const args = batch.flatMap((one) => [entryName(one), one.tombstone ?? ''])
      return Reply.of(await this.link.run('leave', batch.map(allOf), [this.#most, ...args])).rest(toText)
    }))
    await this.#forget(forgotten.flat().map((key) => this.keys.tombstone(key)))
  }

  async #forget (tombstones: readonly string[]): Promise<void> {
    await Promise.all(batches(this.link.client, tombstones, (name) => name)
      .map(async (batch) => await this.link.ask(async (client) => await client.unlink(...batch))))
  }
}
