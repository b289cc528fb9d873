import type { Created, IdleRecord, NewRecord, RecordKey, RecordLimits, RecordStore, StoredRecord } from '@holdfast/core'
import { isHoldfastError } from '@holdfast/core'
import { batches } from './batches.js'
import type { Census } from './census.js'
import type { Claims } from './claims.js'
import type { Creations } from './creations.js'
import type { Departure, Departures } from './departures.js'
import type { Entry } from './entry.js'
import { RedisError, isForeign, translate } from './errors.js'
import type { Keys } from './keys.js'
import type { Idleness } from './idleness.js'
import type { Link } from './link.js'
import type { Listing } from './listing.js'
import { Reply, toCount, toRecord, toText } from './reply.js'
import type { Stamps } from './stamps.js'
import { sweep } from './sweep.js'
import { newWriteId } from './write-id.js'

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
    private readonly listing: Listing,
    private readonly idleness: Idleness,
    private readonly claims: Claims,
    private readonly report: (error: Error) => void
  ) {}

  async create (record: NewRecord, { maxRecords, maxPerOwner }: RecordLimits): Promise<Created> {
    const copy = { ...record, body: Buffer.from(record.body) }
    const entry = { key: record.key, born: newWriteId() }
    if (await this.census.isFull(maxRecords)) return 'full'
    const created = await this.#create(entry, copy, maxPerOwner)
    if (created === 'created') this.stamps.learn(entry.key, copy.origin?.version ?? 1, entry.born)
    else await this.departures.leave([entry])
    return created
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    try {
      return this.#known(key, Reply.of(await this.link.run('read', [this.keys.record(key)])).item())
    } catch (error) {
      return this.#foreign(error)
    }
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    try {
      const answer = await this.link.run('touch', [this.keys.record(key)], [version, this.stamps.of(key, version)])
      return answer === 1 ? 'current' : this.#known(key, answer)
    } catch (error) {
      return this.#foreign(error)
    }
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    const id = newWriteId()
    const answer = await this.link.write('replace', [this.keys.record(key)], [
      version, this.stamps.of(key, version), id, body
    ])
    if (typeof answer === 'number') {
      this.stamps.learn(key, answer, id)
      return answer
    }
    return toText(answer) === 'conflict' ? 'conflict' : 'gone'
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    return toCount(
      await this.link.write('reseal', [this.keys.record(key)], [version, this.stamps.of(key, version), body])
    ) === 1
  }

  async remove (key: RecordKey): Promise<boolean> {
    const [removed] = await this.#remove([key])
    if (removed === 0) throw new RedisError('REDIS_FOREIGN')
    return removed !== null
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const removed: RecordKey[] = []
    let cursor: string | undefined
    do {
      const page = await this.listing.ofOwner(owner, cursor, 500)
      const pages = batches(this.link.client, page.keys, (key) => this.keys.record(key)).map(async (keys) => {
        for (const [i, answer] of (await this.#remove(keys)).entries()) {
          if (answer === 0) this.report(new RedisError('REDIS_FOREIGN'))
          else if (answer !== null) removed.push(keys[i] as RecordKey)
        }
      })
      await Promise.all(pages)
      cursor = page.cursor
    } while (cursor !== undefined)
    return removed
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const some = batches(this.link.client, keys, (key) => this.keys.tombstone(key))
    const found = await Promise.all(some.map(async (batch) => {
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
    await Promise.all([this.departures.leave([{ key, born }]), this.#sweep(answer.rest((item) => item))])
    return true
  }

  async list (
    { owner, cursor, limit }: Parameters<RecordStore['list']>[0]
  ): Promise<{ records: StoredRecord[], cursor?: string }> {
    const page = await (owner === undefined
      ? this.listing.ofAll(cursor, limit)
      : this.listing.ofOwner(owner, cursor, limit))
    const some = batches(this.link.client, page.keys, (key) => this.keys.record(key))
    const pages = await Promise.all(some.map(async (batch) => {
      const found = Reply.of(await this.link.run('read', batch.map((key) => this.keys.record(key))))
      return batch.flatMap((key) => this.#listed(key, found.item()) ?? [])
    }))
    const records = pages.flat()
    return page.cursor === undefined ? { records } : { records, cursor: page.cursor }
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

  async #create (entry: Entry, record: NewRecord, maxPerOwner: number): Promise<Created> {
    try {
      const created = await this.creations.create(entry, record, maxPerOwner)
      if (CREATED.has(created)) return created as Created
      throw translate(new Error(created))
    } catch (error) {
      if (isHoldfastError(error, 'HOLDFAST_BACKEND_FULL')) return 'full'
      throw error
    }
  }

  /** What the script says of each. */
  async #remove (keys: readonly RecordKey[]): Promise<unknown[]> {
    const answers = Reply.of(
      await this.link.write('remove', keys.map((key) => this.keys.record(key)), [newWriteId()])
    ).rest((item) => item)
    const gone: Departure[] = []
    for (const [i, key] of keys.entries()) {
      this.stamps.forget(key)
      const answer = answers[i]
      if (!Buffer.isBuffer(answer)) continue
      const [born = '', tombstone] = answer.toString().split('\n')
      gone.push({ key, born, tombstone: Number(tombstone) })
    }
    await Promise.all([this.departures.leave(gone), this.#sweep(answers.slice(keys.length))])
    return answers.slice(0, keys.length)
  }

  async #sweep (left: readonly unknown[]): Promise<void> {
    await sweep(this.link, left).catch(this.report)
  }

  #known (key: RecordKey, answer: unknown): StoredRecord | undefined {
    if (answer === null) return undefined
    const { record, writeId } = toRecord(key, answer)
    this.stamps.learn(key, record.version, writeId)
    return record
  }

  #listed (key: RecordKey, answer: unknown): StoredRecord | undefined {
    try {
      return answer === null ? undefined : toRecord(key, answer).record
    } catch (error) {
      return this.#foreign(error)
    }
  }

  /** A value that is not ours is reported and kept; to callers it is no record. */
  #foreign (error: unknown): undefined {
    if (!isForeign(error)) throw error
    this.report(error)
  }
}
