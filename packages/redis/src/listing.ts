import type { RecordKey } from '@holdfast/core'
import { parseEntry } from './entry.js'
import { type Keys, SHARDS } from './keys.js'
import type { Link } from './link.js'

/** Shards that are asked at once. */
const AT_ONCE = 8

export interface Page {
  keys: RecordKey[]
  cursor?: string
}

/**
 * Pages of keys in the order of their names, which neither use nor expiry changes. A cursor is the last name, after its
 * shard.
 */
export class Listing {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async ofOwner (owner: string, cursor: string | undefined, limit: number): Promise<Page> {
    const digests = await this.#names(this.keys.owner(owner), cursor ?? '', limit)
    const keys = digests.map((digest) => `${this.keys.ownerTag(owner)}.${digest}`)
    return digests.length < limit ? { keys } : { keys, cursor: digests.at(-1) as string }
  }

  async ofAll (cursor: string | undefined, limit: number): Promise<Page> {
    const keys: RecordKey[] = []
    const [, shard = '0', last = ''] = /^(\d+):(.*)$/.exec(cursor ?? '') ?? []
    let after = last
    let before = parseEntry(last)?.key
    // The first alone: where there are many records, it has enough.
    for (let from = Number(shard), amount = 1; from < SHARDS; from += amount, amount = AT_ONCE, after = '') {
      const asked = Array.from({ length: Math.min(amount, SHARDS - from) }, (_, i) => from + i)
      const pages = await Promise.all(
        asked.map(async (one) => await this.#names(this.keys.all(one), one === from ? after : '', limit))
      )
      for (const [i, names] of pages.entries()) {
        for (const name of names) {
          const entry = parseEntry(name)
          // A creation that was cut off and then begun anew has left two entries, side by side.
          if (entry !== undefined && entry.key !== before) keys.push(entry.key)
          before = entry?.key
          if (keys.length === limit) return { keys, cursor: `${from + i}:${name}` }
        }
        // There may be more in this shard, and some of these did not count.
        if (names.length === limit) return { keys, cursor: `${from + i}:${names.at(-1) as string}` }
      }
    }
    return { keys }
  }

  async #names (index: string, after: string, limit: number): Promise<string[]> {
    return await this.link.ask(async (client) =>
      await client.zrangebylex(index, after === '' ? '-' : `(${after}`, '+', 'LIMIT', 0, limit))
  }
}
