import assert from 'node:assert/strict'
import type {
  Backend, Bus, EventLog, Presence, RecordLimits, RecordStore, StoredStream, StreamPage, StreamRef
} from '../backend.js'
import type { NewRecord, RecordKey, StoredRecord } from '../record.js'
import type { Harness, Subject } from './harness.js'
import { newKey, newName } from './names.js'

/** Far longer than any check runs. */
const LONG = 3_600_000
const UNLIMITED: RecordLimits = { maxRecords: 1_000_000_000, maxPerOwner: 1_000_000_000 }

/** The argument of a check: one subject, and the steps that many checks share. */
export class Trial {
  readonly second: Backend
  readonly unit: number
  #backend: Backend

  constructor (readonly harness: Harness, private readonly subject: Subject) {
    this.#backend = subject.backend
    this.second = subject.second ?? subject.backend
    this.unit = harness.unit
  }

  get backend (): Backend { return this.#backend }
  get records (): RecordStore { return this.#backend.records }
  get events (): EventLog { return this.#backend.events }
  get bus (): Bus { return this.#backend.bus }
  get presence (): Presence { return this.#backend.presence }

  /** From then on, the backend is the one that was opened again. Needs `'reopen'`. */
  async reopen (): Promise<void> {
    assert.ok(this.subject.reopen, 'a harness that offers to reopen does it')
    this.#backend = await this.subject.reopen()
  }

  async close (): Promise<void> {
    await this.subject.close()
  }

  async advance (units: number): Promise<void> {
    await this.subject.advance(units * this.unit)
  }

  /** Waits until every record that has expired by now must be claimable. */
  async settle (): Promise<void> {
    await this.subject.advance(this.harness.claimDelay)
  }

  draft (given: Partial<NewRecord> = {}): NewRecord {
    const owner = given.owner ?? ''
    return { key: newKey(owner), owner, idle: LONG, absolute: LONG, body: bytes('body'), ...given }
  }

  async create (given: Partial<NewRecord> = {}): Promise<RecordKey> {
    const record = this.draft(given)
    assert.equal(await this.records.create(record, UNLIMITED), 'created')
    return record.key
  }

  /** Lifetimes in units. */
  async createFor (idle: number, absolute: number, given: Partial<NewRecord> = {}): Promise<RecordKey> {
    return await this.create({ ...given, idle: idle * this.unit, absolute: absolute * this.unit })
  }

  async attempt (given: Partial<NewRecord> = {}, limits: Partial<RecordLimits> = {}) {
    return await this.records.create(this.draft(given), { ...UNLIMITED, ...limits })
  }

  async mustRead (key: RecordKey): Promise<StoredRecord> {
    const record = await this.records.read(key)
    assert.ok(record, 'the record is readable')
    return record
  }

  async assertAlive (key: RecordKey, why: string): Promise<void> {
    assert.ok(await this.records.read(key), why)
  }

  async assertGone (key: RecordKey, why: string): Promise<void> {
    assert.equal(await this.records.read(key), undefined, why)
  }

  /** The backend's own time. */
  async time (): Promise<number> {
    return (await this.mustRead(await this.create())).createdAt
  }

  /** Claims until no record looks due. Resolves to the claimed keys among those of this check. */
  async claimAll (mine: readonly RecordKey[], limit = 100): Promise<RecordKey[]> {
    const claimed: RecordKey[] = []
    let more = true
    for (let round = 0; more; round++) {
      assert.ok(round < 1000, 'claiming comes to an end')
      const page = await this.records.claimExpired(limit)
      claimed.push(...page.records.map((record) => record.key).filter((key) => mine.includes(key)))
      more = page.more
    }
    return claimed
  }

  /** Pages through the list. `between` runs after each page but the last, with all records so far. */
  async listAll (
    query: { owner?: string, limit: number },
    between = async (_page: number, _seen: StoredRecord[]) => {}
  ): Promise<StoredRecord[]> {
    const { records, cursor: second } = await this.records.list(query)
    const seen = [...records]
    let cursor = second
    for (let page = 0; cursor !== undefined; page++) {
      assert.ok(page < 1000, 'listing comes to an end')
      await between(page, seen)
      const result = await this.records.list({ ...query, cursor })
      assert.ok(result.records.length <= query.limit, 'a page is no longer than its limit')
      seen.push(...result.records)
      cursor = result.cursor
    }
    assert.ok(records.length <= query.limit, 'a page is no longer than its limit')
    return seen
  }

  async stream (given: Partial<NewRecord> = {}): Promise<StreamRef> {
    return { key: await this.create(given), name: newName() }
  }

  async mustReadAfter (stream: StreamRef, position: number | 'undelivered', limit = 100): Promise<StreamPage> {
    const page = await this.events.readAfter(stream, position, limit)
    assert.ok(page, 'the stream is readable')
    return page
  }
}

export function bytes (value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

export function text (value: Uint8Array): string {
  return Buffer.from(value).toString()
}

export function hex (value: Uint8Array): string {
  return Buffer.from(value).toString('hex')
}

export function texts (page: StreamPage): string[] {
  return page.entries.map((entry) => text(entry.body))
}

/** A stream with its bodies as text. */
export function plain ({ head, entries, ...stream }: StoredStream) {
  return { ...stream, head: text(head), entries: entries.map(text) }
}

export function positions (page: StreamPage): number[] {
  return page.entries.map((entry) => entry.position)
}
