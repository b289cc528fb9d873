import { batches } from './batches.js'
import { type Keys, SHARDS } from './keys.js'
import type { Link } from './link.js'
import { toCount } from './script-reply.js'

/** Milliseconds for which a count far below the cap is reused. */
const REUSE_FOR = 1000

/** The number of records, by the index. It is exact when that matters: near the cap, each creation counts anew. */
export class RecordCount {
  #count = 0
  /** Records admitted since the count. */
  #admitted = 0
  #counting: Promise<number> | undefined
  #at = -Infinity

  constructor (private readonly link: Link, private readonly keys: Keys, private readonly now: () => number) {}

  async count (): Promise<number> {
    const at = this.now()
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.keys.all(shard))
    const counts = await Promise.all(batches(this.link.client, shards, (key) => key)
      .map(async (some) => toCount(await this.link.run('index-count', some))))
    this.#admitted = 0
    this.#at = at
    this.#count = counts.reduce((sum, count) => sum + count, 0)
    return this.#count
  }

  /** How many of `wanted` new records may be created, with a cap of `max`. */
  async roomFor (max: number, wanted: number): Promise<number> {
    const isFar = (): boolean => this.#count + this.#admitted + wanted < max * 0.9
    if (isFar() && this.now() - this.#at >= REUSE_FOR) {
      // Far below the cap, concurrent callers share one count.
      this.#counting ??= this.count().finally(() => { this.#counting = undefined })
      await this.#counting
    }
    const room = isFar() ? wanted : Math.max(0, Math.min(wanted, max - await this.count()))
    this.#admitted += room
    return room
  }
}
