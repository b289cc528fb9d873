import type { NewRecord, RecordHead, RecordKey, StoredRecord } from './record.js'

/**
 * Stores sessions. A backend consists of a record store, an event log, a bus and the presence of replicas, which open
 * and close together; see `docs/architecture.md`.
 *
 * A method rejects only when the backend cannot answer. Core turns every such rejection into
 * `HOLDFAST_BACKEND_UNAVAILABLE`; an answer such as "no such record" is a value, never an error.
 */
export interface Backend {
  readonly records: RecordStore
  readonly events: EventLog
  readonly bus: Bus
  readonly presence: Presence
  /** Whether other processes see the same data. */
  readonly shared: boolean
  /** Whether the stored data survives this process. */
  readonly durable: boolean
  /**
   * The same backend for another kind of record, with its own caps, lists, sweeps and counts. A partition shares the
   * bus, the presence, the bounds on memory and the life of its backend; closing a partition does nothing. Equal names
   * give the same partition in every process. The partitions of a partition are its siblings.
   *
   * @param name 1 to 16 letters from a to z
   * @throws InvalidOptionError for any other name
   */
  partition (name: string): Backend
  /** Names of the partitions that may hold records, sorted. */
  partitions (): Promise<string[]>
  /** Resolves when the backend answers. */
  ping (): Promise<void>
  /** The status that the backend knows without a call to its server. */
  status? (): BackendStatus
  /** Releases connections and timers. Calling it twice is harmless. */
  close (): Promise<void>
}

/** Values for an operator. A member is absent when the backend has no such part. */
export interface BackendStatus {
  /** `open` while calls fail at once because the backend is down. */
  breaker?: 'closed' | 'open'
  /** Whether a fallback serves, and how often it has begun to serve. */
  fallback?: { active: boolean, activations: number }
  /**
   * The lag of the copy that is furthest behind: records of which it lacks a change, and milliseconds since the oldest
   * of these changes.
   */
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
 * The outcome of creating a record. `'exists'`: its key is taken. `'owner-full'`: `maxPerOwner` is reached. `'full'`:
 * `maxRecords` is reached, or the backend has no room.
 */
export type Created = 'created' | 'exists' | 'owner-full' | 'full'

/** A record that {@link RecordStore.idlest} found, with its last use as in {@link StoredRecord}. */
export type IdleRecord = Pick<StoredRecord, 'key' | 'usedAt'>

/** Records by key, each with an owner and an expiry. Core checks all arguments before it calls a method. */
export interface RecordStore {
  /**
   * Stores a record unless a living record or the tombstone of a removed record has its key. At least the limit per
   * owner is checked atomically with the insertion.
   */
  create (record: NewRecord, limits: RecordLimits): Promise<Created>
  /** {@link create} for many records, each by itself, in their order. Resolves to the outcome of each. */
  createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]>
  /** The record; undefined when there is none or it has expired. Reading does not extend the record. */
  read (key: RecordKey): Promise<StoredRecord | undefined>
  /**
   * Extends the expiry and revalidates a version in one step. Resolves to `'current'` when `version` is the stored one,
   * otherwise to the record; to `undefined` when there is none. Version 0 is never current, so it always fetches.
   */
  touch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined>
  /** Compare and set. Counts as a use. Resolves to the new version. */
  replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'>
  /**
   * Stores the same content under another key. This is neither a use nor a new version. Resolves to false and does
   * nothing unless `version` is the stored one.
   */
  reseal (key: RecordKey, version: number, body: Uint8Array): Promise<boolean>
  /**
   * Removes a record and its events, and leaves a tombstone until the moment at which the record would have expired
   * without further use: no older copy is alive after that, so nothing revives the record. A backend bounds the number
   * of its tombstones and forgets the oldest. Resolves to the removed record; to `'unseen'` when a fallback removes a
   * record that only its absent primary may hold; to undefined when there was no living record.
   */
  remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined>
  /**
   * {@link remove} for every record of an owner. Resolves to the removed keys, without bodies, which may not fit into
   * memory.
   */
  removeOwner (owner: string): Promise<RecordKey[]>
  /** The keys among these that have the tombstone of a removed record. */
  removed (keys: readonly RecordKey[]): Promise<RecordKey[]>
  /**
   * Deletes a record that lives on in another backend, or that has expired, with its events. Leaves no tombstone, so
   * the key is free. Resolves to false and does nothing when there is no record or its version is beyond `version`.
   */
  release (key: RecordKey, version: number): Promise<boolean>
  /**
   * A page of living records in a stable order. A record that lives during the whole paging is listed exactly once.
   * `cursor` is present while there may be more records.
   */
  list (
    query: { owner?: string, cursor?: string, limit: number }
  ): Promise<{ records: StoredRecord[], cursor?: string }>
  /** {@link list} without bodies. A cursor of `list` is not valid here, and the other way round. */
  listHeads (
    query: { owner?: string, cursor?: string, limit: number }
  ): Promise<{ heads: RecordHead[], cursor?: string }>
  /**
   * Living records of one owner (`''`: records without an owner) that were unused for at least `unusedFor` milliseconds
   * by the backend's clock; the longest unused first, at most `limit`. Reads no body, and checks a bounded number of
   * records: when many of them were used since the last call, it returns fewer records and finds the others in later
   * calls.
   */
  idlest (query: { owner: string, unusedFor: number, limit: number }): Promise<IdleRecord[]>
  /**
   * Removes expired records with their events, and returns each record to exactly one caller, once. Checks at most
   * `limit` candidates; with `more`, further records look due, so the caller should call again.
   */
  claimExpired (limit: number): Promise<{ records: StoredRecord[], more: boolean }>
  /** The number of living records. It may include expired records that were not claimed yet. */
  count (owner?: string): Promise<number>
}

/** One ordered stream of a session's events. */
export interface StreamRef {
  key: RecordKey
  /** Unique within the session. */
  name: string
}

/** One entry of a stream. */
export interface LogEntry {
  /** 1, 2, 3 … without gaps within a stream. */
  position: number
  body: Uint8Array
}

/** Entries of a stream, in order, as far as one read returns them. */
export interface StreamPage {
  /** The head that {@link AppendOptions.head} stored; empty without one. */
  head: Uint8Array
  /** The position before the first of `entries`: the requested one, or the one that `'undelivered'` stood for. */
  after: number
  entries: LogEntry[]
  /** The stream has ended, and `entries` reaches its end. */
  ended: boolean
  /**
   * Entries after `after` are missing: they were trimmed away, or `after` lies beyond the end of the stream. Then
   * `entries` is empty.
   */
  lost: boolean
  /** The lowest position from which the stream can be read without loss. */
  floor: number
}

/** A whole stream, as it moves from one backend to another. */
export interface StoredStream extends StreamRef {
  /** As in {@link StreamPage}. */
  head: Uint8Array
  /** The position before the first of `entries`: earlier entries were trimmed away. */
  floor: number
  entries: Uint8Array[]
  /** The stream has ended: nothing can be appended. */
  ended: boolean
  /** The position that {@link EventLog.delivered} remembers. */
  delivered: number
}

/** How far a stream has come, without its entries. */
export interface StreamHead extends StreamRef {
  /** The position of its last entry. */
  last: number
  /** The stream has ended: nothing can be appended. */
  ended: boolean
  /** The position that {@link EventLog.delivered} remembers. */
  delivered: number
}

/** How {@link EventLog.append} adds entries to a stream. */
export interface AppendOptions {
  /** Facts about the stream. The append that creates the stream stores them; trimming keeps them. */
  head?: Uint8Array
  /** Closes the stream after these entries. */
  end?: boolean
}

/** Bounded, ordered logs. A log lives no longer than its record. */
export interface EventLog {
  /**
   * Appends entries (possibly none) in order, and creates a new stream. The entries are durable before it resolves.
   * Resolves to the position of the last entry in the stream, to `'ended'` when the stream had ended before, and to
   * `'gone'` when there is no record. The oldest entries are trimmed to keep the backend's bounds.
   */
  append (
    stream: StreamRef, entries: readonly Uint8Array[], options?: AppendOptions
  ): Promise<number | 'ended' | 'gone'>
  /**
   * Entries after a position (0: from the start; `'undelivered'`: after the position that {@link delivered} remembers),
   * at most `limit`. `undefined` when there is no such stream.
   */
  readAfter (stream: StreamRef, position: number | 'undelivered', limit: number): Promise<StreamPage | undefined>
  /** Remembers that everything up to a position was sent to a client. The position never moves backwards. */
  delivered (stream: StreamRef, position: number): Promise<void>
  /** Deletes all streams of a record. */
  drop (key: RecordKey): Promise<void>
  /** Every stream of some records, whole. A key without a living record or without streams contributes nothing. */
  streams (keys: readonly RecordKey[]): Promise<StoredStream[]>
  /** How far every stream of some records has come. For the keys, see {@link streams}. */
  heads (keys: readonly RecordKey[]): Promise<StreamHead[]>
  /**
   * Stores a stream of another backend unchanged: the next appended entry follows its last one. False when the stream
   * exists already, or its record does not.
   */
  importStream (stream: StoredStream): Promise<boolean>
  /**
   * Stores the same entries and head under another key. Resolves to false and does nothing unless the stream still has
   * exactly these positions, from `floor` on.
   */
  reseal (stream: StoredStream): Promise<boolean>
}

/** Neither the publisher nor other listeners notice when a listener throws. */
export type BusListener = (message: Uint8Array) => void

/** Delivers messages at most once, as best effort. A message saves waiting; nothing may depend on its arrival. */
export interface Bus {
  /** Resolves to the number of subscribers that received the message, as far as the backend knows. */
  publish (channel: string, message: Uint8Array): Promise<number>
  /** Resolves to a function that unsubscribes, once messages arrive. */
  subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>>
}

/** The living replicas. Each announces itself again before its time to live ends. */
export interface Presence {
  /** `ttl` in milliseconds. */
  announce (replica: string, ttl: number): Promise<void>
  isPresent (replica: string): Promise<boolean>
  list (): Promise<string[]>
  withdraw (replica: string): Promise<void>
}
