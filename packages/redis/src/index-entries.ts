import { batches } from './batches.js'
import { type IndexEntry, entryName } from './index-entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply, toText } from './script-reply.js'

/** An entry to be removed, with the time at which the tombstone of its record ends, if there is one. */
export interface RemovedEntry extends IndexEntry {
  tombstone?: number
}

/** Removes entries from the index. If that fails, the next sweep drops the entry. */
export class IndexEntries {
  readonly #most: number

  constructor (private readonly link: Link, private readonly keys: Keys, maxTombstones: number) {
    this.#most = Math.ceil(maxTombstones / SHARDS)
  }

  async remove (entries: readonly RemovedEntry[]): Promise<void> {
    const allOf = ({ key }: IndexEntry): string => this.keys.all(shardOf(key))
    const excess = await Promise.all(batches(this.link.client, entries, allOf).map(async (batch) => {
      const args = batch.flatMap((entry) => [entryName(entry), entry.tombstone ?? ''])
      return ScriptReply.of(await this.link.run('index-remove', batch.map(allOf), [this.#most, ...args])).rest(toText)
    }))
    await this.#unlink(excess.flat().map((key) => this.keys.tombstone(key)))
  }

  async #unlink (tombstones: readonly string[]): Promise<void> {
    await Promise.all(batches(this.link.client, tombstones, (name) => name)
      .map(async (batch) => await this.link.ask(async (client) => await client.unlink(...batch))))
  }
}
