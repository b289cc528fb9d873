import type { StoredRecord } from '@holdfast/core'
import { batches, grouped } from './batches.js'
import type { IndexEntries } from './index-entries.js'
import { type IndexEntry, entryName, parseEntry } from './index-entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply, toCount, toRecord, toText } from './script-reply.js'
import { unlinkLists } from './unlink-lists.js'
import { newWriteId } from './write-id.js'

/** Milliseconds for which a taken entry, or a claimed record, belongs to the process that took it. */
const LEASE = 10_000
/** Milliseconds until an entry that Holdfast did not write is looked at again. */
const FOREIGN_DELAY = 24 * 3_600_000

interface Taken {
  name: string
  lane: number
}

/** An entry, and the sorted set that it was taken from. */
interface Candidate extends IndexEntry {
  lane: number
}

/** An entry that goes back into the index with another time at which it seems to be due. */
interface Returned extends Taken {
  due: number
}

interface Claimed {
  id: string
  records: StoredRecord[]
  entries: Candidate[]
}

/**
 * Hands each expired record to exactly one caller, in three steps: take the entries that seem to be due, claim the
 * records that have expired, settle the claims, which removes the records. A lost answer loses no record, since a
 * record stays stored until its claim is settled.
 */
export class ExpiredRecords {
  #first = 0
  /** Sorted sets of entries by the time at which they seem to be due: for every shard one of owners, one of nobody. */
  readonly #lanes: string[]
  /** Entries of each lane that seemed due at the last count, minus those taken since. */
  #due: number[] = []
  /** Claims that were handed out, while Redis failed before they were settled. */
  #unsettled: Claimed[] = []

  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly indexEntries: IndexEntries,
    private readonly report: (error: Error) => void
  ) {
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    this.#lanes = [...shards.map((shard) => keys.due(shard)), ...shards.map((shard) => keys.nobody(shard))]
  }

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
    for (let i = 0, left = limit; i < this.#lanes.length && left > 0; i++) {
      const lane = (this.#first + i) % this.#lanes.length
      const due = this.#due[lane] as number
      const amount = Math.min(due, left)
      if (amount === 0) continue
      left -= amount
      this.#due[lane] = due - amount
      takes.push(this.link.run('index-take-due', [this.#lanes[lane] as string], [amount, LEASE])
        .then((names) => { for (const name of ScriptReply.of(names).rest(toText)) taken.push({ name, lane }) }))
    }
    this.#first = (this.#first + 1) % this.#lanes.length
    await Promise.all(takes)
    if (known && !this.#due.some(isSome)) await this.#count()
    return { taken, more: this.#due.some(isSome) }
  }

  async #count (): Promise<void> {
    const due: number[] = []
    await Promise.all(batches(this.link.client, [...this.#lanes.entries()], ([, name]) => name).map(async (some) => {
      const counts = ScriptReply.of(await this.link.run('index-due', some.map(([, name]) => name)))
      for (const [lane] of some) due[lane] = counts.count()
    }))
    this.#due = due
  }

  async #claim (taken: readonly Taken[]): Promise<StoredRecord[]> {
    const entries: Candidate[] = []
    const returned: Returned[] = []
    const gone: IndexEntry[] = []
    for (const { name, lane } of taken) {
      const entry = parseEntry(name)
      if (entry !== undefined && shardOf(entry.key) === lane % SHARDS) entries.push({ ...entry, lane })
      else returned.push({ name, lane, due: Date.now() + FOREIGN_DELAY })
    }
    const claimed = await Promise.all(batches(this.link.client, entries, ({ key }) => this.keys.record(key))
      .map(async (batch) => await this.#claimBatch(batch, returned, gone)))
    await Promise.all([this.#return(returned), this.indexEntries.remove(gone)])
    return (await Promise.all(claimed.map(async (one) => await this.#settleOrKeep(one)))).flat()
  }

  async #claimBatch (batch: readonly Candidate[], returned: Returned[], gone: IndexEntry[]): Promise<Claimed> {
    const claimed: Claimed = { id: newWriteId(), records: [], entries: [] }
    try {
      const keys = batch.map(({ key }) => this.keys.record(key))
      const answers = ScriptReply.of(
        await this.link.run('record-claim', keys, [claimed.id, LEASE, ...batch.map(({ born }) => born)])
      )
      for (const entry of batch) this.#sort(entry, answers.item(), claimed, returned, gone)
    } catch (error) {
      this.report(error as Error)
    }
    return claimed
  }

  #sort (entry: Candidate, answer: unknown, claimed: Claimed, returned: Returned[], gone: IndexEntry[]): void {
    const back = (due: number): void => { returned.push({ name: entryName(entry), lane: entry.lane, due }) }
    if (answer === null) gone.push(entry)
    else if (Number(answer) > 0) back(toCount(answer))
    else if (answer !== 0) {
      try {
        claimed.records.push(toRecord(entry.key, answer).record)
        claimed.entries.push(entry)
      } catch (error) {
        this.report(error as Error)
        back(Date.now() + FOREIGN_DELAY)
      }
    }
  }

  async #return (returned: readonly Returned[]): Promise<void> {
    const groups = [...grouped(returned, ({ lane }) => lane)]
    await Promise.all(groups.map(async ([lane, some]) => await this.link.ask(async (client) =>
      await client.zadd(this.#lanes[lane] as string, 'XX', ...some.flatMap(({ due, name }) => [due, name])))))
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

  /** Resolves to the records of the claim that no other process has claimed meanwhile. */
  async #settle ({ id, records, entries }: Claimed): Promise<StoredRecord[]> {
    const keys = records.map(({ key }) => this.keys.record(key))
    const answers = ScriptReply.of(await this.link.run('record-settle', keys, [id])).rest((item) => item)
    const settled = answers.slice(0, records.length).map(toCount)
    await Promise.all([
      this.indexEntries.remove(entries.filter((_, i) => settled[i] === 1)).catch(this.report),
      unlinkLists(this.link, answers.slice(records.length)).catch(this.report)
    ])
    return records.filter((_, i) => settled[i] === 1)
  }
}

function isSome (count: number): boolean { return count > 0 }
