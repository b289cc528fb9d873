import type { IdleRecord } from '@holdfast/core'
import { batches, grouped } from './batches.js'
import { type Entry, parseEntry } from './entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { Reply } from './reply.js'

/** Candidates that one call looks at, beyond what it is asked for. */
const SPARE = 31

/** Candidates that are looked at together, at the least. */
const SLICE = 16

interface Candidate extends Entry {
  name: string
  /** When the record looks due, which is never later than when it is. */
  looks: number
}

/** Unused for as long as was asked for. */
interface Found extends IdleRecord {
  due: number
}

/**
 * The records that nobody has used for longest, found through the order in which they look due. What was used since it
 * was last looked at gets its true time, so the next call meets others.
 */
export class Idleness {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async ofOwner (owner: string, unusedFor: number, limit: number): Promise<IdleRecord[]> {
    const reply = Reply.of(await this.link.run('idlest', [this.keys.uses(owner)], [unusedFor, limit]))
    const found: IdleRecord[] = []
    while (!reply.done) found.push({ key: `${this.keys.ownerTag(owner)}.${reply.text()}`, usedAt: reply.count() })
    return found
  }

  async ofNobody (unusedFor: number, limit: number): Promise<IdleRecord[]> {
    const candidates = await this.#candidates(limit)
    const found: Found[] = []
    for (let from = 0, slice = Math.max(limit, SLICE); from < candidates.length; from += slice) {
      const last = found[limit - 1]
      if (last !== undefined && (candidates[from] as Candidate).looks >= last.due) break
      found.push(...await this.#unused(candidates.slice(from, from + slice), unusedFor))
      found.sort((a, b) => a.due - b.due)
    }
    return found.sort((a, b) => a.usedAt - b.usedAt).slice(0, limit).map(({ key, usedAt }) => ({ key, usedAt }))
  }

  /** Those that look due soonest. */
  async #candidates (limit: number): Promise<Candidate[]> {
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.keys.nobody(shard))
    const candidates: Candidate[] = []
    await Promise.all(batches(this.link.client, shards, (name) => name).map(async (some) => {
      const reply = Reply.of(await this.link.run('soonest', some, [limit + 7, limit + SPARE]))
      while (!reply.done) {
        const [name, looks] = [reply.text(), reply.count()]
        const entry = parseEntry(name)
        if (entry !== undefined) candidates.push({ ...entry, name, looks })
      }
    }))
    return candidates.sort((a, b) => a.looks - b.looks).slice(0, limit + SPARE)
  }

  async #unused (candidates: readonly Candidate[], unusedFor: number): Promise<Found[]> {
    const found: Found[] = []
    const late: Array<Candidate & { due: number }> = []
    await Promise.all(batches(this.link.client, candidates, ({ key }) => this.keys.record(key)).map(async (batch) => {
      const keys = batch.map(({ key }) => this.keys.record(key))
      const uses = Reply.of(await this.link.run('uses', keys, [unusedFor, ...batch.map(({ born }) => born)]))
      for (const candidate of batch) {
        const answer = uses.item()
        if (answer === null) continue // whoever claims it drops its entry
        const use = Reply.of(answer)
        const [isUnused, usedAt, due] = [use.flag(), use.count(), use.count()]
        if (isUnused) found.push({ key: candidate.key, usedAt, due })
        if (due > candidate.looks) late.push({ ...candidate, due })
      }
    }))
    const groups = [...grouped(late, ({ key }) => shardOf(key))]
    await Promise.all(groups.map(async ([shard, some]) => await this.link.ask(async (client) =>
      await client.zadd(this.keys.nobody(shard), 'XX', ...some.flatMap(({ due, name }) => [due, name])))))
    return found
  }
}
