/** `<tag>.<digest>`: opaque, except that records with equal tags are stored together and can be updated atomically. */
export type RecordKey = string

/** The argument of {@link RecordStore.create}. The backend's clock supplies the times. */
export interface NewRecord {
  key: RecordKey
  /** Digest of the owner, `''` for nobody. */
  owner: string
  /** Milliseconds without use after which the record expires. */
  idle: number
  /** Milliseconds after creation at which the record expires, used or not. */
  absolute: number
  /** Opaque to the backend. Sealed when an envelope is configured. */
  body: Uint8Array
  /**
   * The times and the version that a record of another backend or of a snapshot keeps. A new record has none. A time in
   * the future counts as now.
   */
  origin?: { createdAt: number, usedAt: number, version: number }
}

/** A record as a backend stores and returns it. Times are milliseconds since the epoch by the backend's own clock. */
export interface StoredRecord {
  key: RecordKey
  owner: string
  /** 1, 2, 3 …: every replace adds 1. */
  version: number
  createdAt: number
  /** The time of the last create, touch or replace. */
  usedAt: number
  idle: number
  /** The absolute limit: `createdAt + absolute`. Nothing extends it. */
  deadline: number
  body: Uint8Array
}

/** A record without its body. */
export type RecordHead = Omit<StoredRecord, 'body'>

type Lifetime = Pick<StoredRecord, 'usedAt' | 'idle' | 'deadline'>

/** The moment at which a record expires: the earlier of last use + idle and the absolute limit. */
export function expiresAt (record: Lifetime): number {
  return Math.min(record.usedAt + record.idle, record.deadline)
}

/** A record is alive strictly before {@link expiresAt}. */
export function isExpired (record: Lifetime, now: number): boolean {
  return expiresAt(record) <= now
}

/**
 * A stored record as an argument of {@link RecordStore.create} in another backend. It keeps its version and its ages.
 */
export function asNew ({ key, owner, version, createdAt, usedAt, idle, deadline, body }: StoredRecord): NewRecord {
  return { key, owner, idle, absolute: deadline - createdAt, body, origin: { createdAt, usedAt, version } }
}
