import type { StoredRecord } from '@holdfast/core'
import { batches, grouped } from './batches.js'
import type { Departures } from './departures.js'
import { type Entry, entryName, parseEntry } from './entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply, toCount, toRecord, toText } from './reply.js'
import { sweep } from './sweep.js'
import { newWriteId } from './write-id.js'

/** Milliseconds for which a taken entry, or a claimed record, is left to its taker. */
const LEASE = 10_000
/** Milliseconds until an entry that is not one of ours is looked at again. */
const ASIDE = 24 * 3_600_000

interface Taken {
  name: string
  lane: number
}

/** An entry, and the sorted set that it was taken from. */
interface Candidate extends Entry {
  lane: number
}

/** An entry that goes back into the index, to look due at another time. */
interface Returned extends Taken {
  due: number
}

interface Claimed {
  id: string
  records: StoredRecord[]
  entries: Candidate[]
}

/**
 * Expired records, each to one caller: take what looks due, claim what has expired, then remove it. An answer that gets
 * lost on the way loses nothing, since the record is stored until its claim is settled.
 */
export class Claims {
  #first = 0
  /** Sorted sets of entries by the time they look due: of every shard, of owners and of nobody. */
  readonly #lanes: string[]
  /** Entries of each lane that looked due when they were counted, less what was taken since. */
  #due: number[] = []
  /** Handed out, but Redis failed before it was removed. */
  #unsettled: Claimed[] = []

  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly departures: Departures,
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
      takes.push(this.link.run('take', [this.#lanes[lane] as string], [amount, LEASE])
        .then((names) => { for (const name of Reply.of(names).rest(toText)) taken.push({ name, lane }) }))
    }
    this.#first = (this.#first + 1) % this.#lanes.length
    await Promise.all(takes)
    if (known && !this.#due.some(isSome)) await this.#count()
    return { taken, more: this.#due.some(isSome) }
  }

  async #count (): Promise<void> {
    const due: number[] = []
    await Promise.all(batches(this.link.client, [...this.#lanes.entries()], ([, name]) => name).map(async (some) => {
      const counts = Reply.of(await this.link.run('due', some.map(([, name]) => name)))
      for (const [lane] of some) due[lane] = counts.count()
    }))
    this.#due = due
  }

  async #claim (taken: readonly Taken[]): Promise<StoredRecord[]> {
    const entries: Candidate[] = []
    const returned: Returned[] = []
    const gone: Entry[] = []
    for (const { name, lane } of taken) {
      const entry = parseEntry(name)
      if (entry !== undefined && shardOf(entry.key) === lane % SHARDS) entries.push({ ...entry, lane })
      else returned.push({ name, lane, due: Date.now() + ASIDE })
    }
    const claimed = await Promise.all(batches(this.link.client, entries, ({ key }) => this.keys.record(key))
      .map(async (batch) => await this.#claimBatch(batch, returned, gone)))
    await Promise.all([this.#return(returned), this.departures.leave(gone)])
    return (await Promise.all(claimed.map(async (one) => await this.#settleOrKeep(one)))).flat()
  }

  async #claimBatch (batch: readonly Candidate[], returned: Returned[], gone: Entry[]): Promise<Claimed> {
    const claimed: Claimed = { id: newWriteId(), records: [], entries: [] }
    try {
      const keys = batch.map(({ key }) => this.keys.record(key))
      const answers = Reply.of(
        await this.link.run('claim', keys, [claimed.id, LEASE, ...batch.map(({ born }) => born)])
      )
      for (const entry of batch) this.#sort(entry, answers.item(), claimed, returned, gone)
    } catch (error) {
      this.report(error as Error)
    }
    return claimed
  }

  #sort (entry: Candidate, answer: unknown, claimed: Claimed, returned: Returned[], gone: Entry[]): void {
    const back = (due: number): void => { returned.push({ name: entryName(entry), lane: entry.lane, due }) }
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

  /** Those that nobody else took over meanwhile. */
  async #settle ({ id, records, entries }: Claimed): Promise<StoredRecord[]> {
    const keys = records.map(({ key }) => this.keys.record(key))
    const answers = Reply.of(await this.link.run('settle', keys, [id])).rest((item) => item)
    const settled = answers.slice(0, records.length).map(toCount)
    await Promise.all([
      this.departures.leave(entries.filter((_, i) => settled[i] === 1)).catch(this.report),
      sweep(this.link, answers.slice(records.length)).catch(this.report)
    ])
    return records.filter((_, i) => settled[i] === 1)
  }
}

function isSome (count: number): boolean { return count > 0 }
