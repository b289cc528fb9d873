import { type RecordKey, isExpired } from '@holdfast/core'
import type { Connection } from './connection.js'
import type { recordStatements } from './statements.js'

/** Heads that a process keeps in memory. One takes about 400 bytes. */
const MOST = 20_000

/** A record without its body, as far as this process knows it. */
export interface Head {
  readonly id: number
  readonly key: RecordKey
  readonly owner: string
  readonly version: number
  readonly createdAt: number
  /** The last use: of the file, or a later one of this process. */
  usedAt: number
  /** The last use that the file has. */
  storedUse: number
  readonly idle: number
  readonly deadline: number
}

/** The columns of a head in a row. */
export interface HeadRow {
  id: number
  key: string
  owner: string
  version: number
  created: number
  used: number
  idle: number
  deadline: number
}

/**
 * The heads of records that this process used lately. They are valid while no other connection writes to the file, which
 * is cheaper to ask than to read a row.
 */
export class Heads {
  #known = new Map<RecordKey, Head>()
  #epoch = -1

  /** @param unwritten the last uses that the file does not have yet */
  constructor (
    private readonly connection: Connection,
    private readonly sql: ReturnType<typeof recordStatements>,
    private readonly unwritten: ReadonlyMap<RecordKey, number>,
    private readonly most = MOST
  ) {}

  /** The head of a record, expired or not. Within a transaction, or after {@link Connection.refresh}. */
  find (key: RecordKey): Head | undefined {
    const { epoch } = this.connection
    if (epoch !== this.#epoch) {
      this.#known = new Map()
      this.#epoch = epoch
    }
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const row = this.connection.get<HeadRow>(this.sql.head, key)
    if (row === undefined) return undefined
    const head = this.of(row)
    this.keep(head)
    return head
  }

  living (key: RecordKey, now: number): Head | undefined {
    const head = this.find(key)
    return head === undefined || isExpired(head, now) ? undefined : head
  }

  /** Remembers a head as this process has just read or written it. */
  keep (head: Head): void {
    this.#known.set(head.key, head)
    if (this.#known.size > this.most) this.#known.delete(this.#known.keys().next().value as RecordKey)
  }

  /** Call it when the file has a use of a record. */
  stored (key: RecordKey, use: number): void {
    const head = this.#known.get(key)
    if (head !== undefined) head.storedUse = Math.max(head.storedUse, use)
  }

  /** Call it when a record is deleted. */
  forget (key: RecordKey): void {
    this.#known.delete(key)
  }

  /** The head in a row. */
  of ({ id, key, owner, version, created, used, idle, deadline }: HeadRow): Head {
    const usedAt = Math.max(used, this.unwritten.get(key) ?? 0)
    return { id, key, owner, version, createdAt: created, usedAt, storedUse: used, idle, deadline }
  }
}
