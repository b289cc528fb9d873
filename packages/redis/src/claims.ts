import type { StoredRecord } from '@holdfast/core'
import { type Entry, entryName, parseEntry } from './entry.js'
import { isForeign } from './errors.js'
import { type Keys, SHARDS, digest, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply, toCount, toRecord, toText } from './reply.js'
import { newWriteId } from './write-id.js'

/** Milliseconds for which a taken entry, or a claimed record, is left to its taker. */
const LEASE = 10_000
/** Milliseconds until an entry that is not one of ours is looked at again. */
const ASIDE = 24 * 3_600_000

interface Claimed {
  record: StoredRecord
  entry: Entry
  id: string
}

/**
 * Expired records, each to one caller: take what looks due, claim what has expired, then remove it. An answer that gets lost on
 * the way loses nothing, since the record is stored until its claim is settled.
 */
export class Claims {
  #first = 0
  /** Handed out, but Redis failed before it was removed. */
  #unsettled: Claimed[] = []

  constructor (private readonly link: Link, private readonly keys: Keys, private readonly report: (error: Error) => void) {}

  async claim (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    await this.#settleLate()
    const { names, more } = await this.#take(limit)
    const claimed = await Promise.all(names.map(async ({ name, shard }) => await this.#claimOne(name, shard)))
    const settled = await Promise.all(claimed.map(async (one) => one !== undefined && await this.#settleOrKeep(one) ? [one.record] : []))
    return { records: settled.flat(), more }
  }

  async #take (limit: number): Promise<{ names: Array<{ name: string, shard: number }>, more: boolean }> {
    const due = await Promise.all(Array.from({ length: SHARDS }, async (_, shard) => toCount(await this.link.run('due', [this.keys.due(shard)]))))
    const total = due.reduce((sum, count) => sum + count, 0)
    const names: Array<{ name: string, shard: number }> = []
    const takes: Array<Promise<void>> = []
    for (let i = 0, left = limit; i < SHARDS && left > 0; i++) {
      const shard = (this.#first + i) % SHARDS
      const amount = Math.min(due[shard] as number, left)
      if (amount === 0) continue
      left -= amount
      takes.push(this.link.run('take', [this.keys.due(shard)], [amount, LEASE])
        .then((taken) => { for (const name of Reply.of(taken).rest(toText)) names.push({ name, shard }) }))
    }
    this.#first = (this.#first + 1) % SHARDS
    await Promise.all(takes)
    return { names, more: total > limit }
  }

  async #claimOne (name: string, shard: number): Promise<Claimed | undefined> {
    const entry = parseEntry(name)
    if (entry === undefined || shardOf(entry.key) !== shard) return await this.#putBack(name, shard, Date.now() + ASIDE)
    const id = newWriteId()
    let answer
    try {
      answer = await this.link.run('claim', [this.keys.record(entry.key)], [id, entry.born, LEASE])
      if (Array.isArray(answer)) return { id, entry, record: toRecord(entry.key, answer).record }
    } catch (error) {
      this.report(error as Error)
      if (isForeign(error)) await this.#putBack(name, shard, Date.now() + ASIDE)
      return undefined
    }
    if (answer === null) await this.#leave(entry)
    else if (answer !== 0) await this.#putBack(name, shard, toCount(answer))
    return undefined
  }

  async #putBack (name: string, shard: number, due: number): Promise<undefined> {
    await this.link.ask(async (client) => await client.zadd(this.keys.due(shard), 'XX', due, name))
  }

  async #settleOrKeep (claimed: Claimed): Promise<boolean> {
    try {
      return await this.#settle(claimed)
    } catch (error) {
      this.report(error as Error)
      this.#unsettled.push(claimed)
      return true
    }
  }

  async #settleLate (): Promise<void> {
    const late = this.#unsettled
    this.#unsettled = []
    await Promise.all(late.map(async (claimed) => await this.#settleOrKeep(claimed)))
  }

  /** False when somebody else took over meanwhile. */
  async #settle ({ record: { key, owner }, entry, id }: Claimed): Promise<boolean> {
    const keys = [this.keys.record(key), this.keys.streams(key), ...(owner === '' ? [] : [this.keys.owner(owner)])]
    if (toCount(await this.link.run('settle', keys, [id, digest(key)])) === 0) return false
    await this.#leave(entry)
    return true
  }

  async #leave (entry: Entry): Promise<void> {
    const shard = shardOf(entry.key)
    await this.link.run('leave', [this.keys.due(shard), this.keys.all(shard)], [entryName(entry)])
  }
}
