import type { IdleRecord } from '@holdfast/core'
import { batches, grouped } from './batches.js'
import { type IndexEntry, parseEntry } from './index-entry.js'
import { type Keys, SHARDS, shardOf } from './keys.js'
import type { Link } from './link.js'
import { ScriptReply } from './script-reply.js'

/** Candidates that one call looks at beyond its limit. */
const EXTRA_CANDIDATES = 31

/** Candidates that are looked at together, at least. */
const MIN_SLICE = 16

interface Candidate extends IndexEntry {
  name: string
  /** The time at which the record seems to be due. It is due at this time or later. */
  looks: number
}

/** A record that is unused for long enough, with the time at which it is due. */
interface Found extends IdleRecord {
  due: number
}

/**
 * Finds the records that were unused for longest, through the index by the time at which they seem to be due. A record
 * that was used since the previous look gets its true time in the index, so the next call looks at other records.
 */
export class IdleRecords {
  constructor (private readonly link: Link, private readonly keys: Keys) {}

  async ofOwner (owner: string, unusedFor: number, limit: number): Promise<IdleRecord[]> {
    const reply = ScriptReply.of(await this.link.run('index-idlest', [this.keys.uses(owner)], [unusedFor, limit]))
    const found: IdleRecord[] = []
    while (!reply.done) found.push({ key: `${this.keys.ownerTag(owner)}.${reply.text()}`, usedAt: reply.count() })
    return found
  }

  async ofNobody (unusedFor: number, limit: number): Promise<IdleRecord[]> {
    const candidates = await this.#candidates(limit)
    const found: Found[] = []
    for (let from = 0, slice = Math.max(limit, MIN_SLICE); from < candidates.length; from += slice) {
      const last = found[limit - 1]
      if (last !== undefined && (candidates[from] as Candidate).looks >= last.due) break
      found.push(...await this.#unused(candidates.slice(from, from + slice), unusedFor))
      found.sort((a, b) => a.due - b.due)
    }
    return found.sort((a, b) => a.usedAt - b.usedAt).slice(0, limit).map(({ key, usedAt }) => ({ key, usedAt }))
  }

  /** The records without an owner that seem to be due first. */
  async #candidates (limit: number): Promise<Candidate[]> {
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.keys.nobody(shard))
    const candidates: Candidate[] = []
    await Promise.all(batches(this.link.client, shards, (name) => name).map(async (some) => {
      const reply = ScriptReply.of(await this.link.run('index-soonest', some, [limit + 7, limit + EXTRA_CANDIDATES]))
      while (!reply.done) {
        const [name, looks] = [reply.text(), reply.count()]
        const entry = parseEntry(name)
        if (entry !== undefined) candidates.push({ ...entry, name, looks })
      }
    }))
    return candidates.sort((a, b) => a.looks - b.looks).slice(0, limit + EXTRA_CANDIDATES)
  }

  async #unused (candidates: readonly Candidate[], unusedFor: number): Promise<Found[]> {
    const found: Found[] = []
    const late: Array<Candidate & { due: number }> = []
    await Promise.all(batches(this.link.client, candidates, ({ key }) => this.keys.record(key)).map(async (batch) => {
      const keys = batch.map(({ key }) => this.keys.record(key))
      const args = [unusedFor, ...batch.map(({ born }) => born)]
      const uses = ScriptReply.of(await this.link.run('record-last-use', keys, args))
      for (const candidate of batch) {
        const answer = uses.item()
        if (answer === null) continue // the next sweep drops its entry
        const use = ScriptReply.of(answer)
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
