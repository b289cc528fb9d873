import { type RecordHead, type RecordStore, type StoredRecord, isExpired } from '@holdfast/core'
import { isWhole } from './checksum.js'
import { SqliteError } from './errors.js'
import type { Head, HeadRow } from './heads.js'
import type { Partition } from './partition.js'
import { type WholeRow, toHead, toRecord } from './rows.js'

type Query = Parameters<RecordStore['list']>[0]

/** Lists records in the order of their creation. */
export class RecordLister {
  /** @param report called with each damaged record, which a list leaves out */
  constructor (private readonly partition: Partition, private readonly report: (error: Error) => void) {}

  async list (query: Query): Promise<{ records: StoredRecord[], cursor?: string }> {
    const { list, listOfOwner } = this.partition.sql
    const read = (row: WholeRow, head: Head): StoredRecord | undefined => {
      if (isWhole(row)) return toRecord(head, row.body)
      this.report(new SqliteError('SQLITE_DAMAGED_BODY'))
      return undefined
    }
    const { items: records, ...cursor } = await this.#page(query, list, listOfOwner, read)
    return { records, ...cursor }
  }

  async listHeads (query: Query): Promise<{ heads: RecordHead[], cursor?: string }> {
    const { listHeads, ofOwner } = this.partition.sql
    const { items: heads, ...cursor } = await this.#page(query, listHeads, ofOwner, (_, head) => toHead(head))
    return { heads, ...cursor }
  }

  async #page<Row extends HeadRow, Item> (
    { owner, cursor, limit }: Query, all: string, ofOwner: string, item: (row: Row, head: Head) => Item | undefined
  ): Promise<{ items: Item[], cursor?: string }> {
    const { connection, heads } = this.partition
    return await this.partition.read((now) => {
      const after = positionOf(cursor)
      const rows = owner === undefined
        ? connection.all<Row>(all, after, limit + 1)
        : connection.all<Row>(ofOwner, owner, after, limit + 1)
      const items: Item[] = []
      for (const row of rows.slice(0, limit)) {
        const head = heads.of(row)
        const found = isExpired(head, now) ? undefined : item(row, head)
        if (found !== undefined) items.push(found)
      }
      return { items, ...(rows.length > limit && { cursor: String(rows[limit - 1]?.id) }) }
    })
  }
}

/** A cursor is the id of the last record of its page. Any other text ends the list. */
function positionOf (cursor: string | undefined): number {
  if (cursor === undefined) return 0
  return /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.MAX_SAFE_INTEGER
}
