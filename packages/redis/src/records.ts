import type {
  Created, IdleRecord, NewRecord, RecordHead, RecordKey, RecordLimits, RecordStore, StoredRecord
} from '@holdfast/core'
import { isHoldfastError } from '@holdfast/core'
import { batches } from './batches.js'
import type { Census } from './census.js'
import type { Claims } from './claims.js'
import type { Creation, Creations } from './creations.js'
import type { Departures } from './departures.js'
import { RedisError, noRecord, translate } from './errors.js'
import type { Keys } from './keys.js'
import type { Idleness } from './idleness.js'
import type { Link } from './link.js'
import type { Listing, Page } from './listing.js'
import type { Reading } from './reading.js'
import type { Removals } from './removals.js'
import { Reply, toCount, toRecord, toText } from './reply.js'
import type { Stamps } from './stamps.js'
import { newWriteId } from './write-id.js'

type Query = Parameters<RecordStore['list']>[0]

const CREATED: ReadonlySet<string> = new Set<Created>(['created', 'exists', 'owner-full'])

/** The records: a hash each, found by key, by owner and through the index of their shard. */
export class RedisRecords implements RecordStore {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly stamps: Stamps,
    private readonly census: Census,
    private readonly creations: Creations,
    private readonly departures: Departures,
    private readonly removals: Removals,
    private readonly listing: Listing,
    private readonly reading: Reading,
    private readonly idleness: Idleness,
    private readonly claims: Claims,
    private readonly report: (error: Error) => void
  ) {}

  async create (record: NewRecord, { maxRecords, maxPerOwner }: RecordLimits): Promise<Created> {
    const creation = creationOf(record, maxPerOwner)
    if (await this.census.room(maxRecords, 1) === 0) return 'full'
    const outcome = outcomeOf(await this.creations.create(creation).catch((error: unknown) => error))
    await this.#settle([creation], [outcome])
    return created(outcome)
  }

  async createMany (
    records: readonly NewRecord[], { maxRecords, maxPerOwner }: RecordLimits
  ): Promise<Created[]> {
    const creations = records.map((record) => creationOf(record, maxPerOwner))
    const created: Created[] = []
    // One that is refused for another reason leaves its room to those behind it.
    while (created.length < creations.length) {
      const rest = creations.slice(created.length)
      const room = await this.census.room(maxRecords, rest.length)
      const some = room === 0 ? rest.map(() => 'full' as const) : await this.#createSome(rest.slice(0, room))
      created.push(...some)
    }
    return created
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    try {
      return this.#known(key, Reply.of(await this.link.run('read', [this.keys.record(key)])).item())
    } catch (error) {
      return noRecord(error, this.report)
    }
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    try {
      const answer = await this.link.run('touch', [this.keys.record(key)], [version, this.stamps.of(key, version)])
      return answer === 1 ? 'current' : this.#known(key, answer)
    } catch (error) {
      return noRecord(error, this.report)
    }
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    const id = newWriteId()
    const facts = [version, this.stamps.of(key, version), id, body]
    const answer = await this.link.write('replace', [this.keys.record(key)], facts)
    if (typeof answer === 'number') {
      this.stamps.learn(key, answer, id)
      return answer
    }
    return toText(answer) === 'conflict' ? 'conflict' : 'gone'
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    const facts = [version, this.stamps.of(key, version), body]
    return toCount(await this.link.write('reseal', [this.keys.record(key)], facts)) === 1
  }

  async remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined> {
    const [removed] = await this.removals.remove([key], true)
    if (removed === 'foreign') throw new RedisError('REDIS_FOREIGN')
    return removed
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const removed: RecordKey[] = []
    let cursor: string | undefined
    do {
      const page = await this.listing.ofOwner(owner, cursor, 500)
      const pages = batches(this.link.client, page.keys, (key) => this.keys.record(key)).map(async (keys) => {
        for (const [i, removal] of (await this.removals.remove(keys, false)).entries()) {
          if (removal === 'foreign') this.report(new RedisError('REDIS_FOREIGN'))
          else if (removal !== undefined) removed.push(keys[i] as RecordKey)
        }
      })
      await Promise.all(pages)
      cursor = page.cursor
    } while (cursor !== undefined)
    return removed
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const parts = batches(this.link.client, keys, (key) => this.keys.tombstone(key))
    const found = await Promise.all(parts.map(async (batch) => {
      const stones = Reply.of(await this.link.run('exist', batch.map((key) => this.keys.tombstone(key)))).rest(toCount)
      return batch.filter((_, i) => stones[i] === 1)
    }))
    return found.flat()
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    const born = await this.link.ask(async (client) => await client.hget(this.keys.record(key), 'n'))
    if (born === null) return false
    const answer = Reply.of(await this.link.write('release', [this.keys.record(key)], [born, version]))
    if (!answer.flag()) return false
    this.stamps.forget(key)
    await Promise.all([this.departures.leave([{ key, born }]), this.removals.sweep(answer.rest((item) => item))])
    return true
  }

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    const { keys, ...cursor } = await this.#page(query)
    return { records: await this.reading.records(keys), ...cursor }
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    const { keys, ...cursor } = await this.#page(query)
    return { heads: await this.reading.heads(keys), ...cursor }
  }

  async idlest ({ owner, unusedFor, limit }: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    return await (owner === ''
      ? this.idleness.ofNobody(unusedFor, limit)
      : this.idleness.ofOwner(owner, unusedFor, limit))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    return await this.claims.claim(limit)
  }

  async count (owner?: string): Promise<number> {
    if (owner === undefined) return await this.census.count()
    return await this.link.ask(async (client) => await client.zcard(this.keys.owner(owner)))
  }

  async #createSome (creations: readonly Creation[]): Promise<Created[]> {
    const outcomes = (await this.creations.createMany(creations)).map(outcomeOf)
    await this.#settle(creations, outcomes)
    return outcomes.map(created)
  }

  async #page ({ owner, cursor, limit }: Query): Promise<Page> {
    return await (owner === undefined ? this.listing.ofAll(cursor, limit) : this.listing.ofOwner(owner, cursor, limit))
  }

  /** Remembers what was created, and takes the entry of what was not out of the index. */
  async #settle (creations: readonly Creation[], outcomes: readonly Outcome[]): Promise<void> {
    for (const [i, { key, born, record }] of creations.entries()) {
      if (outcomes[i] === 'created') this.stamps.learn(key, record.origin?.version ?? 1, born)
    }
    const refused = creations.filter((_, i) => typeof outcomes[i] === 'string' && outcomes[i] !== 'created')
    if (refused.length > 0) await this.departures.leave(refused)
  }

  #known (key: RecordKey, answer: unknown): StoredRecord | undefined {
    if (answer === null) return undefined
    const { record, writeId } = toRecord(key, answer)
    this.stamps.learn(key, record.version, writeId)
    return record
  }
}

/** The caller may change its body as soon as it has called. */
function creationOf (record: NewRecord, maxPerOwner: number): Creation {
  return { key: record.key, born: newWriteId(), record: { ...record, body: Buffer.from(record.body) }, maxPerOwner }
}

/** What became of a creation, or what it failed with. */
type Outcome = Created | { failure: unknown }

/** @param answer of the script, which may be what Redis says against it, or what the call failed with */
function outcomeOf (answer: unknown): Outcome {
  if (CREATED.has(answer as Created)) return answer as Created
  const failure = typeof answer === 'string' ? translate(new Error(answer)) : answer
  return isHoldfastError(failure, 'HOLDFAST_BACKEND_FULL') ? 'full' : { failure }
}

function created (outcome: Outcome): Created {
  if (typeof outcome === 'object') throw outcome.failure
  return outcome
}
