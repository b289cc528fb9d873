import { type StoredRecord, expiresAt, isExpired } from '@holdfast/core'
import { isWhole } from './checksum.js'
import { SqliteError } from './errors.js'
import type { Partition } from './partition.js'
import { type WholeRow, toRecord } from './rows.js'

/** Records that one transaction claims. More would hold up the process: their pages may have to come from the disk. */
const SLICE = 10

/** Milliseconds until a sweep meets a damaged record again. */
const DAMAGE_LATER = 3_600_000

/** Tombstones that one transaction deletes because they ended. */
const ENDED_TOMBSTONES = 100

/** What one transaction claimed, and how many damaged records it met. */
interface Claim { records: StoredRecord[], damaged: number }

/** Finds expired records through the index of the times at which records seemed to expire when somebody last looked. */
export class ExpiredRecords {
  /** @param report called with each damaged record, which stays */
  constructor (private readonly partition: Partition, private readonly report: (error: Error) => void) {}

  async claim (limit: number): Promise<{ records: StoredRecord[], more: boolean }> {
    const { connection, sql } = this.partition
    const records: StoredRecord[] = []
    let more = true
    for (let left = limit; more && left > 0; left -= SLICE) {
      const claim = await this.partition.write((now) => {
        const claimed = this.#claimSome(Math.min(SLICE, left), now)
        return { ...claimed, more: connection.get(sql.anyDue, now) !== undefined }
      }, false).catch((error: unknown) => {
        // Nobody else will get the records of the slices before.
        if (records.length === 0) throw error
      })
      if (claim === undefined) break
      for (let n = 0; n < claim.damaged; n++) this.report(new SqliteError('SQLITE_DAMAGED_BODY'))
      records.push(...claim.records)
      more = claim.more
    }
    if (records.length > 0) await this.partition.confirm()
    return { records, more }
  }

  #claimSome (amount: number, now: number): Claim {
    const { connection, heads, sql } = this.partition
    const claimed: Claim = { records: [], damaged: 0 }
    for (const row of connection.all<WholeRow>(sql.due, now, amount)) {
      const head = heads.of(row)
      if (!isExpired(head, now)) {
        connection.run(sql.postpone, expiresAt(head), head.id)
      } else if (isWhole(row)) {
        claimed.records.push(toRecord(head, row.body))
        this.partition.delete(head)
      } else {
        claimed.damaged++
        connection.run(sql.postpone, now + DAMAGE_LATER, head.id)
      }
    }
    connection.run(sql.unburyEnded, now, ENDED_TOMBSTONES)
    return claimed
  }
}
