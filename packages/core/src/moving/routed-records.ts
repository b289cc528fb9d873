import type { Created, IdleRecord, RecordLimits, RecordStore } from '../backend.js'
import { partitionOf } from '../partitions.js'
import type { NewRecord, RecordKey, StoredRecord } from '../record.js'
import { CHANGED, type Change, RELEASED, REMOVED } from './change.js'
import type { Routing } from './routing.js'

type ListQuery = Parameters<RecordStore['list']>[0]
type RecordPage = Awaited<ReturnType<RecordStore['list']>>
type HeadPage = Awaited<ReturnType<RecordStore['listHeads']>>

/** The records of the serving backend, or of one of its partitions. */
export class RoutedRecords implements RecordStore {
  constructor (private readonly router: Routing, private readonly partition: string) {}

  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    return await this.#ask(async records => {
      const created = await records.create(record, limits)
      if (created === 'created') this.#wrote(record.key, CHANGED)
      return created
    }, false)
  }

  async createMany (given: readonly NewRecord[], limits: RecordLimits): Promise<Created[]> {
    return await this.#ask(async records => {
      let created: Created[] | undefined
      try {
        created = await records.createMany(given, limits)
        return created
      } finally {
        // A failed call may have created any of the records.
        for (const [i, { key }] of given.entries()) {
          if (created === undefined || created[i] === 'created') this.#wrote(key, CHANGED)
        }
      }
    }, false)
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.#ask(async records => await records.read(key))
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return await this.#ask(async records => {
      const found = await records.touch(key, version)
      if (found !== undefined) {
        this.#wrote(key, { kind: 'used', version: found === 'current' ? version : found.version })
      }
      return found
    })
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    return await this.#ask(async records => {
      const answer = await records.replace(key, version, body)
      if (typeof answer === 'number') this.#wrote(key, CHANGED)
      return answer
    })
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    return await this.#ask(async records => {
      const done = await records.reseal(key, version, body)
      if (done) this.#wrote(key, CHANGED)
      return done
    })
  }

  async remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined> {
    return await this.#ask(async records => {
      const removed = await records.remove(key)
      if (removed !== undefined) this.#wrote(key, REMOVED)
      return removed
    })
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    return await this.#ask(async records => {
      const keys = await records.removeOwner(owner)
      for (const key of keys) this.#wrote(key, REMOVED)
      return keys
    })
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    return await this.#ask(async records => await records.removed(keys))
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    return await this.#ask(async records => {
      const done = await records.release(key, version)
      if (done) this.#wrote(key, RELEASED)
      return done
    })
  }

  async list (query: ListQuery): Promise<RecordPage> {
    return await this.#page(query, async (records, query) => await records.list(query))
  }

  async listHeads (query: ListQuery): Promise<HeadPage> {
    return await this.#page(query, async (records, query) => await records.listHeads(query))
  }

  async idlest (query: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    return await this.#ask(async records => await records.idlest(query))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    return await this.#ask(async records => {
      const claimed = await records.claimExpired(limit)
      for (const { key } of claimed.records) this.#wrote(key, RELEASED)
      return claimed
    })
  }

  async count (owner?: string): Promise<number> {
    return await this.#ask(async records => await records.count(owner))
  }

  /** A cursor belongs to one serving backend. When another backend takes over, the list begins again there. */
  async #page<T extends { cursor?: string }> (
    { cursor: given, ...query }: ListQuery, get: (records: RecordStore, query: ListQuery) => Promise<T>
  ): Promise<T> {
    return await this.#ask(async records => {
      const prefix = `${this.router.generation}:`
      const cursor = given?.startsWith(prefix) ? { cursor: given.slice(prefix.length) } : {}
      const page = await get(records, { ...query, ...cursor })
      return page.cursor === undefined ? page : { ...page, cursor: prefix + page.cursor }
    })
  }

  async #ask<T> (call: (records: RecordStore) => Promise<T>, again = true): Promise<T> {
    return await this.router.ask(async serving => await call(partitionOf(serving, this.partition).records), again)
  }

  #wrote (key: RecordKey, change: Change): void {
    this.router.wrote(this.partition, key, change)
  }
}
