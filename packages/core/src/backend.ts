import type { NewRecord, RecordHead, RecordKey, StoredRecord } from './record.js'

/**
 * Where sessions live. Three stores and a bus with one life; see `docs/architecture.md`.
 *
 * A method rejects only when the backend cannot answer. Core turns every such rejection into
 * `HOLDFAST_BACKEND_UNAVAILABLE`; an answer such as "no such record" is a value, never an error.
 */
export interface Backend {
  readonly records: RecordStore
  readonly events: EventLog
  readonly bus: Bus
  readonly presence: Presence
  /** Other processes see the same data. */
  readonly shared: boolean
  /** What is stored survives this process. */
  readonly durable: boolean
  /**
   * The same store for another kind of record, with caps, lists, sweeps and counts of its own. It shares the bus, the
   * presence, the bounds on memory and the life of its backend; closing it does nothing. Equal names give the same
   * partition in every process. The partitions of a partition are its siblings.
   *
   * @param name 1 to 16 letters from a to z
   * @throws InvalidOptionError for any other name
   */
  partition (name: string): Backend
  /** Names of the partitions that may hold records, sorted. */
  partitions (): Promise<string[]>
  /** Resolves when the backend answers. */
  ping (): Promise<void>
  /** How it is doing, as far as it can tell without asking. */
  status? (): BackendStatus
  /** Releases what the backend holds. Calling it twice is harmless. */
  close (): Promise<void>
}

/** What an operator watches. A part is absent where there is no such thing. */
export interface BackendStatus {
  /** `open` while calls fail at once because the backend is down. */
  breaker?: 'closed' | 'open'
  /** Whether a fallback serves, and how often it has begun to. */
  fallback?: { active: boolean, activations: number }
  /** Of the copy that is furthest behind: records of which it lacks something, and milliseconds since the oldest. */
  lag?: { pending: number, age: number }
}

/** Caps that {@link RecordStore.create} checks. */
export interface RecordLimits {
  /** Records in the whole backend. */
  maxRecords: number
  /** Records of one owner; not applied to `''`. */
  maxPerOwner: number
}

/**
 * What became of a new record. `'exists'`: its key is taken. `'owner-full'`: `maxPerOwner` is reached. `'full'`:
 * `maxRecords` is, or the backend has no room.
 */
export type Created = 'created' | 'exists' | 'owner-full' | 'full'

/** A record that {@link RecordStore.idlest} found, with its last use as in {@link StoredRecord}. */
export type IdleRecord = Pick<StoredRecord, 'key' | 'usedAt'>

/** Records by key, each with an owner and an expiry. Its methods get arguments that core has checked. */
export interface RecordStore {
  /**
   * Stores a record unless the key is taken, by a living record or by the tombstone of a removed one.
   * The limits are checked atomically with the insertion, at least per owner.
   */
  create (record: NewRecord, limits: RecordLimits): Promise<Created>
  /** {@link create} for many records at once, each by itself, in their order. Resolves to what became of each. */
  createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]>
  /** The record, unless there is none or it has expired. Reading does not extend it. */
  read (key: RecordKey): Promise<StoredRecord | undefined>
  /**
   * Extends the expiry and revalidates in one step: `'current'` when `version` is the stored one, otherwise the record;
   * `undefined` when it is gone. Version 0 is never current, so it always fetches.
   */
  touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined>
  /** Compare and set; counts as a use. Resolves to the new version. */
  replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'>
  /**
   * Stores the same content under another key: neither a use nor a new version. False, and nothing done, unless
   * `version` is the stored one.
   */
  reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean>
  /**
   * Removes a record and its events, and leaves a tombstone until the moment at which the record would have expired
   * without further use: no older copy is alive after that, so nothing revives it. A backend bounds the number of its
   * tombstones and forgets the oldest. Resolves to the record as it was; `'unseen'` when what removes it stands in for
   * a backend that is away; undefined when there was none alive.
   */
  remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined>
  /**
   * {@link remove} for every record of an owner. Resolves to the keys that were removed: their bodies
   * may be more than memory takes.
   */
  removeOwner (owner: string): Promise<RecordKey[]>
  /** Which of these keys are taken by the tombstone of a removed record. */
  removed (keys: readonly RecordKey[]): Promise<RecordKey[]>
  /**
   * Lets go of a record that lives on elsewhere, or that has expired, with its events: without a tombstone, so its key
   * is free. False, and nothing done, when there is none or its version is beyond `version`.
   */
  release (key: RecordKey, version: number): Promise<boolean>
  /**
   * A page of living records in a stable order. A record that lives throughout the paging is listed exactly once.
   * `cursor` is present while there may be more.
   */
  list (
    query: { owner?: string, cursor?: string, limit: number }
  ): Promise<{ records: StoredRecord[], cursor?: string }>
  /** {@link list} without bodies, for a look that needs none. Its cursors are its own. */
  listHeads (
    query: { owner?: string, cursor?: string, limit: number }
  ): Promise<{ heads: RecordHead[], cursor?: string }>
  /**
   * Living records of one owner (`''`: of nobody) that nobody has used for at least `unusedFor` milliseconds
   * by the backend's clock, the longest unused first, at most `limit`. Reads no body, and looks at a bounded
   * number of records: where it meets many that were used since it looked last, it returns fewer and comes
   * to the others in later calls.
   */
  idlest (query: { owner: string, unusedFor: number, limit: number }): Promise<IdleRecord[]>
  /**
   * Removes expired records together with their events and hands each to exactly one caller, once. Looks at no more
   * than `limit` candidates; `more` says that others look due, so the caller should call again.
   */
  claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }>
  /** Living records; ones that have expired but were not claimed yet may be counted. */
  count (owner?: string): Promise<number>
}

/** One ordered stream of a session's events. */
export interface StreamRef {
  key: RecordKey
  /** Unique within the session. */
  name: string
}

export interface LogEntry {
  /** 1, 2, 3 … without gaps within a stream. */
  position: number
  body: Uint8Array
}

export interface StreamPage {
  /** What {@link AppendOptions.head} stored; empty when nothing was. */
  head: Uint8Array
  /** The position that `entries` follow: the one asked for, or what `'undelivered'` stood for. */
  after: number
  entries: LogEntry[]
  /** Nothing is appended any more, and `entries` reaches the end. */
  ended: boolean
  /** What follows `after` is not the whole: it was trimmed away, or `after` lies beyond the end. `entries` is empty. */
  lost: boolean
  /** The lowest position that can be read from without loss. */
  floor: number
}

/** A whole stream, as it moves from one backend to another. */
export interface StoredStream extends StreamRef {
  /** As in {@link StreamPage}. */
  head: Uint8Array
  /** The position before the first of `entries`: what came earlier was trimmed away. */
  floor: number
  entries: Uint8Array[]
  /** Nothing is appended any more. */
  ended: boolean
  /** What {@link EventLog.delivered} remembers. */
  delivered: number
}

/** How far a stream has come, without what it says. */
export interface StreamHead extends StreamRef {
  /** The position of its last entry. */
  last: number
  /** Nothing is appended any more. */
  ended: boolean
  /** What {@link EventLog.delivered} remembers. */
  delivered: number
}

export interface AppendOptions {
  /** Facts about the stream, stored by the append that creates it and kept when entries are trimmed. */
  head?: Uint8Array
  /** Closes the stream after these entries. */
  end?: boolean
}

/** Bounded, ordered logs. A log lives no longer than the record it belongs to. */
export interface EventLog {
  /**
   * Appends entries (possibly none) in order, creating the stream when it is new. Durable before it resolves.
   * Resolves to the position of the last entry in the stream, `'ended'` when the stream was closed before, and
   * `'gone'` when the record is. Oldest entries are trimmed to stay within the backend's bounds.
   */
  append (
    stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'>
  /**
   * Entries after a position (0: from the start; `'undelivered'`: after what {@link delivered} remembers), at most
   * `limit`. `undefined` when there is no such stream.
   */
  readAfter (stream: StreamRef, position: number | 'undelivered', limit: number): Promise<StreamPage | undefined>
  /** Remembers that a client was sent everything up to a position. It never moves backwards. */
  delivered (stream: StreamRef, position: number): Promise<void>
  /** Forgets all streams of a record. */
  drop (key: RecordKey): Promise<void>
  /** Every stream of some records, whole. Keys without a living record or without streams contribute nothing. */
  streams (keys: readonly RecordKey[]): Promise<StoredStream[]>
  /** How far every stream of some records has come. Keys as in {@link streams}. */
  heads (keys: readonly RecordKey[]): Promise<StreamHead[]>
  /**
   * Stores a stream as it was elsewhere: its next entry follows the last one. False when it is there
   * already or its record is not.
   */
  importStream (stream: StoredStream): Promise<boolean>
  /**
   * Stores the same entries and head under another key. False, and nothing done, unless the stream still has exactly
   * these positions, from `floor` on.
   */
  reseal (stream: StoredStream): Promise<boolean>
}

/** When it throws, neither the publisher nor other listeners notice. */
export type BusListener = (message: Uint8Array) => void

/** At most once and best effort: a hint that saves waiting, never the truth. */
export interface Bus {
  /** Resolves to how many subscribers received it, as far as the backend knows. */
  publish (channel: string, message: Uint8Array): Promise<number>
  /** Resolves once messages arrive; the result unsubscribes. */
  subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>>
}

/** Which replicas are alive: each announces itself again before its time to live ends. */
export interface Presence {
  /** `ttl` in milliseconds. */
  announce (replica: string, ttl: number): Promise<void>
  isPresent (replica: string): Promise<boolean>
  list (): Promise<string[]>
  withdraw (replica: string): Promise<void>
}
