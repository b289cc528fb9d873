import { batches } from './batches.js'
import { type Keys, SHARDS } from './keys.js'
import type { Link } from './link.js'
import { toCount } from './reply.js'

/** Milliseconds for which a count far below the cap is good enough. */
const FRESH = 1000

/** How many records there are, by the index. Exact when it matters: near the cap, each creation counts anew. */
export class Census {
  #count = 0
  /** Admitted since the count. */
  #made = 0
  #counting: Promise<number> | undefined
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
    const isFar = (): boolean => this.#count + this.#made + wanted < most * 0.9
    if (isFar() && this.now() - this.#at >= FRESH) {
      // Far from the cap, those who ask at the same time wait for one count.
      this.#counting ??= this.count().finally(() => { this.#counting = undefined })
      await this.#counting
    }
    const room = isFar() ? wanted : Math.max(0, Math.min(wanted, most - await this.count()))
    this.#made += room
    return room
  }
}
