import type { RecordKey } from '@holdfast/core'
import { parseEntry } from './index-entry.js'
import { type Keys, SHARDS } from './keys.js'
import type { Link } from './link.js'

/** Shards that are read at once. */
const SHARDS_AT_ONCE = 8

export interface KeyPage {
  keys: RecordKey[]
  cursor?: string
}

/**
 * Lists keys of records page by page, in the order of their names, which neither use nor expiry changes. A cursor is
 * the shard and the last name.
 */
export class KeyLister {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async ofOwner (owner: string, cursor: string | undefined, limit: number): Promise<KeyPage> {
    const digests = await this.#names(this.keys.owner(owner), cursor ?? '', limit)
    const keys = digests.map((digest) => `${this.keys.ownerTag(owner)}.${digest}`)
    return digests.length < limit ? { keys } : { keys, cursor: digests.at(-1) as string }
  }

  async ofAll (cursor: string | undefined, limit: number): Promise<KeyPage> {
    const keys: RecordKey[] = []
    const [, shard = '0', last = ''] = /^(\d+):(.*)$/.exec(cursor ?? '') ?? []
    let after = last
    let before = parseEntry(last)?.key
    // The first shard is read alone: if there are many records, it fills the page.
    for (let from = Number(shard), amount = 1; from < SHARDS; from += amount, amount = SHARDS_AT_ONCE, after = '') {
      const asked = Array.from({ length: Math.min(amount, SHARDS - from) }, (_, i) => from + i)
      const pages = await Promise.all(
        asked.map(async (one) => await this.#names(this.keys.all(one), one === from ? after : '', limit))
      )
      for (const [i, names] of pages.entries()) {
        for (const name of names) {
          const entry = parseEntry(name)
          // A creation that was interrupted and then repeated has left two entries, side by side.
          if (entry !== undefined && entry.key !== before) keys.push(entry.key)
          before = entry?.key
          if (keys.length === limit) return { keys, cursor: `${from + i}:${name}` }
        }
        // This shard may have more names, and some of those read did not count.
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
