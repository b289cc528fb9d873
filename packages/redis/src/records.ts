import type {
  Created, IdleRecord, NewRecord, RecordHead, RecordKey, RecordLimits, RecordStore, StoredRecord
} from '@holdfast/core'
import { isHoldfastError } from '@holdfast/core'
import { batches } from './batches.js'
import type { Creation, CreateBatcher } from './create-batcher.js'
import { RedisError, noRecord, translate } from './errors.js'
import type { ExpiredRecords } from './expired-records.js'
import type { IdleRecords } from './idle-records.js'
import type { IndexEntries } from './index-entries.js'
import type { KeyLister, KeyPage } from './key-lister.js'
import type { Keys } from './keys.js'
import type { KnownWrites } from './known-writes.js'
import type { Link } from './link.js'
import type { RecordCount } from './record-count.js'
import type { RecordReader } from './record-reader.js'
import type { RecordRemover } from './record-remover.js'
import { ScriptReply, toCount, toRecord, toText } from './script-reply.js'
import { newWriteId } from './write-id.js'

type Query = Parameters<RecordStore['list']>[0]

const CREATED: ReadonlySet<string> = new Set<Created>(['created', 'exists', 'owner-full'])

/** The records: a hash each, found by key, by owner and through the index of its shard. */
export class RedisRecords implements RecordStore {
  constructor (
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly knownWrites: KnownWrites,
    private readonly recordCount: RecordCount,
    private readonly batcher: CreateBatcher,
    private readonly indexEntries: IndexEntries,
    private readonly remover: RecordRemover,
    private readonly lister: KeyLister,
    private readonly reader: RecordReader,
    private readonly idleRecords: IdleRecords,
    private readonly expiredRecords: ExpiredRecords,
    private readonly report: (error: Error) => void
  ) {}

  async create (record: NewRecord, { maxRecords, maxPerOwner }: RecordLimits): Promise<Created> {
    const creation = creationOf(record, maxPerOwner)
    if (await this.recordCount.roomFor(maxRecords, 1) === 0) return 'full'
    const outcome = outcomeOf(await this.batcher.create(creation).catch((error: unknown) => error))
    await this.#settle([creation], [outcome])
    return created(outcome)
  }

  async createMany (
    records: readonly NewRecord[], { maxRecords, maxPerOwner }: RecordLimits
  ): Promise<Created[]> {
    const creations = records.map((record) => creationOf(record, maxPerOwner))
    const created: Created[] = []
    // A record that is refused for another reason leaves its room to the records after it.
    while (created.length < creations.length) {
      const rest = creations.slice(created.length)
      const room = await this.recordCount.roomFor(maxRecords, rest.length)
      const some = room === 0 ? rest.map(() => 'full' as const) : await this.#createSome(rest.slice(0, room))
      created.push(...some)
    }
    return created
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    try {
      return this.#known(key, ScriptReply.of(await this.link.run('record-read', [this.keys.record(key)])).item())
    } catch (error) {
      return noRecord(error, this.report)
    }
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    try {
      const known = this.knownWrites.of(key, version)
      const answer = await this.link.run('record-touch', [this.keys.record(key)], [version, known])
      return answer === 1 ? 'current' : this.#known(key, answer)
    } catch (error) {
      return noRecord(error, this.report)
    }
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    const id = newWriteId()
    const facts = [version, this.knownWrites.of(key, version), id, Buffer.from(body)]
    const answer = await this.link.write('record-replace', [this.keys.record(key)], facts)
    if (typeof answer === 'number') {
      this.knownWrites.learn(key, answer, id)
      return answer
    }
    return toText(answer) === 'conflict' ? 'conflict' : 'gone'
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    const facts = [version, this.knownWrites.of(key, version), Buffer.from(body)]
    return toCount(await this.link.write('record-reseal', [this.keys.record(key)], facts)) === 1
  }

  async remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined> {
    const [removed] = await this.remover.remove([key], true)
    if (removed === 'foreign') throw new RedisError('REDIS_FOREIGN')
    return removed
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const removed: RecordKey[] = []
    let cursor: string | undefined
    do {
      const page = await this.lister.ofOwner(owner, cursor, 500)
      const pages = batches(this.link.client, page.keys, (key) => this.keys.record(key)).map(async (keys) => {
        for (const [i, removal] of (await this.remover.remove(keys, false)).entries()) {
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
      const names = batch.map((key) => this.keys.tombstone(key))
      const exist = ScriptReply.of(await this.link.run('record-exist', names)).rest(toCount)
      return batch.filter((_, i) => exist[i] === 1)
    }))
    return found.flat()
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    const born = await this.link.ask(async (client) => await client.hget(this.keys.record(key), 'n'))
    if (born === null) return false
    const answer = ScriptReply.of(await this.link.write('record-release', [this.keys.record(key)], [born, version]))
    if (!answer.flag()) return false
    this.knownWrites.forget(key)
    const lists = answer.rest((item) => item)
    await Promise.all([this.indexEntries.remove([{ key, born }]), this.remover.unlinkLists(lists)])
    return true
  }

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    const { keys, ...cursor } = await this.#page(query)
    return { records: await this.reader.records(keys), ...cursor }
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    const { keys, ...cursor } = await this.#page(query)
    return { heads: await this.reader.heads(keys), ...cursor }
  }

  async idlest ({ owner, unusedFor, limit }: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    return await (owner === ''
      ? this.idleRecords.ofNobody(unusedFor, limit)
      : this.idleRecords.ofOwner(owner, unusedFor, limit))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    return await this.expiredRecords.claim(limit)
  }

  async count (owner?: string): Promise<number> {
    if (owner === undefined) return await this.recordCount.count()
    return await this.link.ask(async (client) => await client.zcard(this.keys.owner(owner)))
  }

  async #createSome (creations: readonly Creation[]): Promise<Created[]> {
    const outcomes = (await this.batcher.createMany(creations)).map(outcomeOf)
    await this.#settle(creations, outcomes)
    return outcomes.map(created)
  }

  async #page ({ owner, cursor, limit }: Query): Promise<KeyPage> {
    return await (owner === undefined ? this.lister.ofAll(cursor, limit) : this.lister.ofOwner(owner, cursor, limit))
  }

  /** Remembers the write ids of created records, and removes the index entries of refused ones. */
  async #settle (creations: readonly Creation[], outcomes: readonly Outcome[]): Promise<void> {
    for (const [i, { key, born, record }] of creations.entries()) {
      if (outcomes[i] === 'created') this.knownWrites.learn(key, record.origin?.version ?? 1, born)
    }
    const refused = creations.filter((_, i) => typeof outcomes[i] === 'string' && outcomes[i] !== 'created')
    if (refused.length > 0) await this.indexEntries.remove(refused)
  }

  #known (key: RecordKey, answer: unknown): StoredRecord | undefined {
    if (answer === null) return undefined
    const { record, writeId } = toRecord(key, answer)
    this.knownWrites.learn(key, record.version, writeId)
    return record
  }
}

/** Copies the body, since the caller may change it right after the call. */
function creationOf (record: NewRecord, maxPerOwner: number): Creation {
  return { key: record.key, born: newWriteId(), record: { ...record, body: Buffer.from(record.body) }, maxPerOwner }
}

/** The outcome of a creation, or the error that it failed with. */
type Outcome = Created | { failure: unknown }

/** @param answer the answer of the script, which may be the text of an error of Redis, or the error of the call */
function outcomeOf (answer: unknown): Outcome {
  if (CREATED.has(answer as Created)) return answer as Created
  const failure = typeof answer === 'string' ? translate(new Error(answer)) : answer
  return isHoldfastError(failure, 'HOLDFAST_BACKEND_FULL') ? 'full' : { failure }
}

function created (outcome: Outcome): Created {
  if (typeof outcome === 'object') throw outcome.failure
  return outcome
}
