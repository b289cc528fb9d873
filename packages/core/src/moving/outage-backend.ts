import type { Backend, Created, EventLog, RecordStore } from '../backend.js'
import { HoldfastError } from '../errors.js'
import { partitionIn } from '../partitions.js'
import type { RecordKey } from '../record.js'

/**
 * The fallback while the primary is away. It serves the sessions that began during the outage. Every other session may
 * exist in the primary, so a call for it fails as in an outage, and is never a miss. It remembers the sessions that end
 * during the outage, so that the primary can end them later.
 */
export class OutageBackend implements Backend {
  readonly records: RecordStore
  readonly events: EventLog
  readonly bus
  readonly presence
  readonly shared
  readonly durable
  readonly ping
  readonly close
  /** Sessions that ended during the outage. */
  readonly ended = new Set<RecordKey>()
  /** Owners whose sessions all ended during the outage. */
  readonly revoked = new Set<string>()
  readonly #partitions: Map<string, OutageBackend>

  /** @param partitions the partitions in use, which the siblings of a partition share */
  constructor (private readonly backend: Backend, partitions = new Map<string, OutageBackend>()) {
    this.#partitions = partitions
    const { records, events } = backend
    this.bus = backend.bus
    this.presence = backend.presence
    this.shared = backend.shared
    this.durable = backend.durable
    this.ping = backend.ping.bind(backend)
    this.close = backend.close.bind(backend)
    this.records = {
      create: async (record, limits) => this.ended.has(record.key) ? 'exists' : await records.create(record, limits),
      createMany: async (given, limits) => {
        const refused = given.map(({ key }) => this.ended.has(key))
        const created = await records.createMany(given.filter((_, i) => !refused[i]), limits)
        return refused.map(isRefused => isRefused ? 'exists' : created.shift() as Created)
      },
      read: async key => await records.read(key) ?? await this.#missing(key),
      touch: async (key, version) => await records.touch(key, version) ?? await this.#missing(key),
      replace: async (key, version, body) => {
        const answer = await records.replace(key, version, body)
        if (answer === 'gone') await this.#missing(key)
        return answer
      },
      reseal: records.reseal.bind(records),
      remove: async key => {
        const removed = await records.remove(key)
        const known = this.ended.has(key)
        this.ended.add(key)
        return removed ?? (known ? undefined : 'unseen')
      },
      removeOwner: async owner => {
        this.revoked.add(owner)
        const keys = await records.removeOwner(owner)
        for (const key of keys) this.ended.add(key)
        return keys
      },
      removed: async keys => {
        const removed = await records.removed(keys)
        return keys.filter(key => this.ended.has(key) || removed.includes(key))
      },
      release: records.release.bind(records),
      list: records.list.bind(records),
      listHeads: records.listHeads.bind(records),
      idlest: records.idlest.bind(records),
      claimExpired: records.claimExpired.bind(records),
      count: records.count.bind(records)
    }
    this.events = {
      append: async (stream, entries, options) => {
        const answer = await events.append(stream, entries, options)
        if (answer === 'gone') await this.#missing(stream.key)
        return answer
      },
      readAfter: async (stream, position, limit) => {
        const page = await events.readAfter(stream, position, limit)
        if (page === undefined && await records.read(stream.key) === undefined) await this.#missing(stream.key)
        return page
      },
      delivered: events.delivered.bind(events),
      drop: events.drop.bind(events),
      streams: events.streams.bind(events),
      heads: events.heads.bind(events),
      importStream: events.importStream.bind(events),
      reseal: events.reseal.bind(events)
    }
  }

  partition (name: string): OutageBackend {
    return partitionIn(this.#partitions, name, () => new OutageBackend(this.backend.partition(name), this.#partitions))
  }

  /** Includes partitions of which the fallback has no record: sessions of the primary may have ended there. */
  async partitions (): Promise<string[]> {
    return [...new Set([...await this.backend.partitions(), ...this.#partitions.keys()])].sort()
  }

  /** @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE unless the record is known to have ended */
  async #missing (key: RecordKey): Promise<undefined> {
    if (this.ended.has(key) || (await this.backend.records.removed([key])).length > 0) return undefined
    throw new HoldfastError(
      'HOLDFAST_BACKEND_UNAVAILABLE', 'The primary is away, and the fallback does not have this session.'
    )
  }
}
