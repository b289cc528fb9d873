import { batches } from './batches.js'
import { type Keys, SHARDS } from './keys.js'
import type { Link } from './link.js'
import { toCount } from './reply.js'

/** Milliseconds for which a count far below the cap is good enough. */
const FRESH = 1000

/** How many records there are, by the index. Exact when it matters: near the cap, each creation counts anew. */
export class Census {
  #count = 0
  #made = 0
  #at = -Infinity

  constructor (private readonly link: Link, private readonly keys: Keys, private readonly now: () => number) {}

  async count (): Promise<number> {
    const at = this.now()
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.keys.all(shard))
    const counts = await Promise.all(batches(this.link.client, shards, (key) => key)
      .map(async (some) => toCount(await this.link.run('count', some))))
    this.#made = 0
    this.#at = at
    this.#count = counts.reduce((sum, count) => sum + count, 0)
    return this.#count
  }

  /** How many of those that are wanted find room. */
  async room (most: number, wanted: number): Promise<number> {
    this.#made += wanted
    const isFresh = this.now() - this.#at < FRESH
    if (isFresh && this.#count + this.#made < most * 0.9) return wanted
    return Math.max(0, Math.min(wanted, most - await this.count()))
  }
}
