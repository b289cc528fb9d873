/** `<tag>.<digest>`: opaque, except that records with equal tags live together and can be updated atomically. */
export type RecordKey = string

/** What a caller hands to {@link RecordStore.create}; the backend's clock supplies the rest. */
export interface NewRecord {
  key: RecordKey
  /** Digest of the owner, `''` for nobody. */
  owner: string
  /** Milliseconds without use after which the record expires. */
  idle: number
  /** Milliseconds after creation at which the record expires, used or not. */
  absolute: number
  /** Opaque to the backend; sealed when an envelope is configured. */
  body: Uint8Array
  /**
   * Carried over when the record comes from another backend or a snapshot; a new record has none.
   * Times in the future count as now.
   */
  origin?: { createdAt: number, usedAt: number, version: number }
}

/** What a backend stores and returns. Times are milliseconds since the epoch by the backend's own clock. */
export interface StoredRecord {
  key: RecordKey
  owner: string
  /** 1, 2, 3 …: one more on every replace. */
  version: number
  createdAt: number
  /** The last create, touch or replace. */
  usedAt: number
  idle: number
  /** The absolute limit: `createdAt + absolute`. Nothing extends it. */
  deadline: number
  body: Uint8Array
}

/** A record without its body. */
export type RecordHead = Omit<StoredRecord, 'body'>

type Lifetime = Pick<StoredRecord, 'usedAt' | 'idle' | 'deadline'>

/** The moment from which a record is gone: the earlier of last use + idle and the absolute limit. */
export function expiresAt (record: Lifetime): number {
  return Math.min(record.usedAt + record.idle, record.deadline)
}

/** A record is alive strictly before {@link expiresAt}. */
export function isExpired (record: Lifetime, now: number): boolean {
  return expiresAt(record) <= now
}

/** A stored record for {@link RecordStore.create} elsewhere: it keeps its version and its ages. */
export function asNew ({ key, owner, version, createdAt, usedAt, idle, deadline, body }: StoredRecord): NewRecord {
  return { key, owner, idle, absolute: deadline - createdAt, body, origin: { createdAt, usedAt, version } }
}
