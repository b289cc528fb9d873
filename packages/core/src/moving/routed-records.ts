import type { Created, IdleRecord, RecordLimits, RecordStore } from '../backend.js'
import type { NewRecord, RecordKey, StoredRecord } from '../record.js'
import { CHANGED, RELEASED, REMOVED } from './change.js'
import type { Router } from './router.js'

type Page = Awaited<ReturnType<RecordStore['list']>>

/** The records of whichever backend serves. */
export class RoutedRecords implements RecordStore {
  constructor (private readonly router: Router) {}

  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    return await this.router.ask(async ({ records }) => {
      const created = await records.create(record, limits)
      if (created === 'created') this.router.wrote(record.key, CHANGED)
      return created
    }, false)
  }

  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.router.ask(async ({ records }) => await records.read(key))
  }

  async touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return await this.router.ask(async ({ records }) => {
      const found = await records.touch(key, version)
      if (found !== undefined) this.router.wrote(key, { kind: 'used', version: found === 'current' ? version : found.version })
      return found
    })
  }

  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    return await this.router.ask(async ({ records }) => {
      const answer = await records.replace(key, version, body)
      if (typeof answer === 'number') this.router.wrote(key, CHANGED)
      return answer
    })
  }

  async reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean> {
    return await this.router.ask(async ({ records }) => {
      const done = await records.reseal(key, version, body)
      if (done) this.router.wrote(key, CHANGED)
      return done
    })
  }

  async remove (key: RecordKey): Promise<boolean> {
    return await this.router.ask(async ({ records }) => {
      const done = await records.remove(key)
      if (done) this.router.wrote(key, REMOVED)
      return done
    })
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    return await this.router.ask(async ({ records }) => {
      const keys = await records.removeOwner(owner)
      for (const key of keys) this.router.wrote(key, REMOVED)
      return keys
    })
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    return await this.router.ask(async ({ records }) => await records.removed(keys))
  }

  async release (key: RecordKey, version: number): Promise<boolean> {
    return await this.router.ask(async ({ records }) => {
      const done = await records.release(key, version)
      if (done) this.router.wrote(key, RELEASED)
      return done
    })
  }

  /** A list that is going on when another backend comes to serve begins anew there. */
  async list ({ cursor: given, ...query }: Parameters<RecordStore['list']>[0]): Promise<Page> {
    return await this.router.ask(async ({ records }) => {
      const mine = `${this.router.era}:`
      const cursor = given?.startsWith(mine) ? { cursor: given.slice(mine.length) } : {}
      const page = await records.list({ ...query, ...cursor })
      return page.cursor === undefined ? page : { ...page, cursor: mine + page.cursor }
    })
  }

  async idlest (query: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    return await this.router.ask(async ({ records }) => await records.idlest(query))
  }

  async claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    return await this.router.ask(async ({ records }) => {
      const claimed = await records.claimExpired(limit)
      for (const { key } of claimed.records) this.router.wrote(key, RELEASED)
      return claimed
    })
  }

  async count (owner?: string): Promise<number> {
    return await this.router.ask(async ({ records }) => await records.count(owner))
  }
}
