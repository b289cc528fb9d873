import { type IdleRecord, type RecordStore, isExpired } from '@holdfast/core'
import type { HeadRow } from './heads.js'
import type { Partition } from './partition.js'

/** Records that one call checks beyond the requested ones. */
const CHECKS = 100

/** Finds the longest unused records of an owner, through the index of the last uses that somebody has seen. */
export class IdleRecords {
  constructor (private readonly partition: Partition) {}

  async find ({ owner, unusedFor, limit }: Parameters<RecordStore['idlest']>[0]): Promise<IdleRecord[]> {
    const { connection, heads, sql } = this.partition
    const checked = limit + CHECKS
    const { found, used } = await this.partition.read((now) => {
      const before = now - unusedFor
      const rows = connection.all<HeadRow & { seen: number }>(sql.unseen, owner, before, checked)
      // A record that was not checked may have been unused for longer than one that was used since it was last seen.
      const horizon = rows.length < checked ? before : Math.min(before, rows.at(-1)?.seen as number)
      const all = rows.map((row) => ({ head: heads.of(row), seen: row.seen }))
      return {
        found: all.map(({ head }) => head).filter((head) => head.usedAt <= horizon && !isExpired(head, now)),
        used: all.filter(({ head, seen }) => head.usedAt > seen).map(({ head }) => head)
      }
    })
    if (used.length > 0) {
      await this.partition.write(() => {
        for (const { id, usedAt } of used) connection.run(sql.see, usedAt, id)
      }, false)
    }
    return found.sort((a, b) => a.usedAt - b.usedAt).slice(0, limit).map(({ key, usedAt }) => ({ key, usedAt }))
  }
}
