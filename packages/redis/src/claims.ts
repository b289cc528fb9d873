import type { StoredRecord } from '@holdfast/core'
import { batches, grouped } from './batches.js'
import { type Entry, entryName, parseEntry } from './entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import { leave } from './leave.js'
import type { Link } from './link.js'
import { Reply, toCount, toRecord, toText } from './reply.js'
import { newWriteId } from './write-id.js'

/** Milliseconds for which a taken entry, or a claimed record, is left to its taker. */
const LEASE = 10_000
/** Milliseconds until an entry that is not one of ours is looked at again. */
const ASIDE = 24 * 3_600_000

interface Taken {
  name: string
  shard: number
}

/** An entry that goes back into the index, to look due at another time. */
interface Returned extends Taken {
  due: number
}

interface Claimed {
  id: string
  records: StoredRecord[]
  entries: Entry[]
}

/**
 * Expired records, each to one caller: take what looks due, claim what has expired, then remove it. An answer that gets lost on
 * the way loses nothing, since the record is stored until its claim is settled.
 */
export class Claims {
  #first = 0
  /** Entries of each shard that looked due when they were counted, less what was taken since. */
  #due: number[] = []
  /** Handed out, but Redis failed before it was removed. */
  #unsettled: Claimed[] = []

  constructor (private readonly link: Link, private readonly keys: Keys, private readonly report: (error: Error) => void) {}

  async claim (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    await this.#settleLate()
    const { taken, more } = await this.#take(limit)
    return { records: await this.#claim(taken), more }
  }

  async #take (limit: number): Promise<{ taken: Taken[], more: boolean }> {
    const known = this.#due.some(isSome)
    if (!known) await this.#count()
    const taken: Taken[] = []
    const takes: Array<Promise<void>> = []
    for (let i = 0, left = limit; i < SHARDS && left > 0; i++) {
      const shard = (this.#first + i) % SHARDS
      const due = this.#due[shard] as number
      const amount = Math.min(due, left)
      if (amount === 0) continue
      left -= amount
      this.#due[shard] = due - amount
      takes.push(this.link.run('take', [this.keys.due(shard)], [amount, LEASE])
        .then((names) => { for (const name of Reply.of(names).rest(toText)) taken.push({ name, shard }) }))
    }
    this.#first = (this.#first + 1) % SHARDS
    await Promise.all(takes)
    if (known && !this.#due.some(isSome)) await this.#count()
    return { taken, more: this.#due.some(isSome) }
  }

  async #count (): Promise<void> {
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    const due: number[] = []
    await Promise.all(batches(this.link.client, shards, (shard) => this.keys.due(shard)).map(async (some) => {
      const counts = Reply.of(await this.link.run('due', some.map((shard) => this.keys.due(shard))))
      for (const shard of some) due[shard] = counts.count()
    }))
    this.#due = due
  }

  async #claim (taken: readonly Taken[]): Promise<StoredRecord[]> {
    const entries: Entry[] = []
    const returned: Returned[] = []
    const gone: Entry[] = []
    for (const { name, shard } of taken) {
      const entry = parseEntry(name)
      if (entry !== undefined && shardOf(entry.key) === shard) entries.push(entry)
      else returned.push({ name, shard, due: Date.now() + ASIDE })
    }
    const claimed = await Promise.all(batches(this.link.client, entries, ({ key }) => this.keys.record(key))
      .map(async (batch) => await this.#claimBatch(batch, returned, gone)))
    await Promise.all([this.#return(returned), leave(this.link, this.keys, gone)])
    return (await Promise.all(claimed.map(async (one) => await this.#settleOrKeep(one)))).flat()
  }

  async #claimBatch (batch: readonly Entry[], returned: Returned[], gone: Entry[]): Promise<Claimed> {
    const claimed: Claimed = { id: newWriteId(), records: [], entries: [] }
    try {
      const keys = batch.map(({ key }) => this.keys.record(key))
      const answers = Reply.of(await this.link.run('claim', keys, [claimed.id, LEASE, ...batch.map(({ born }) => born)]))
      for (const entry of batch) this.#sort(entry, answers.item(), claimed, returned, gone)
    } catch (error) {
      this.report(error as Error)
    }
    return claimed
  }

  #sort (entry: Entry, answer: unknown, claimed: Claimed, returned: Returned[], gone: Entry[]): void {
    const back = (due: number): void => { returned.push({ name: entryName(entry), shard: shardOf(entry.key), due }) }
    if (answer === null) gone.push(entry)
    else if (Number(answer) > 0) back(toCount(answer))
    else if (answer !== 0) {
      try {
        claimed.records.push(toRecord(entry.key, answer).record)
        claimed.entries.push(entry)
      } catch (error) {
        this.report(error as Error)
        back(Date.now() + ASIDE)
      }
    }
  }

  async #return (returned: readonly Returned[]): Promise<void> {
    await Promise.all([...grouped(returned, ({ shard }) => shard)].map(async ([shard, some]) => await this.link.ask(async (client) =>
      await client.zadd(this.keys.due(shard), 'XX', ...some.flatMap(({ due, name }) => [due, name])))))
  }

  async #settleOrKeep (claimed: Claimed): Promise<StoredRecord[]> {
    try {
      return await this.#settle(claimed)
    } catch (error) {
      this.report(error as Error)
      this.#unsettled.push(claimed)
      return claimed.records
    }
  }

  async #settleLate (): Promise<void> {
    const late = this.#unsettled
    this.#unsettled = []
    await Promise.all(late.map(async (claimed) => await this.#settleOrKeep(claimed)))
  }

  /** Those that nobody else took over meanwhile. */
  async #settle ({ id, records, entries }: Claimed): Promise<StoredRecord[]> {
    const settled = Reply.of(await this.link.run('settle', records.map(({ key }) => this.keys.record(key)), [id])).rest(toCount)
    await leave(this.link, this.keys, entries.filter((_, i) => settled[i] === 1)).catch(this.report)
    return records.filter((_, i) => settled[i] === 1)
  }
}

function isSome (count: number): boolean { return count > 0 }
