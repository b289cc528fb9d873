import { type RecordKey, type StoredRecord, expiresAt, isExpired } from '@holdfast/core'
import type { Body } from './checksum.js'
import type { Head, HeadRow } from './heads.js'
import type { Partition } from './partition.js'
import { type Amount, toRecord } from './rows.js'

/** Records that one transaction removes. More would hold up the process. */
const SLICE = 25

/** Removes records for good, and remembers them: nothing brings a removed record back. */
export class RecordRemover {
  constructor (private readonly partition: Partition, private readonly maxTombstones: number) {}

  async remove (key: RecordKey): Promise<StoredRecord | undefined> {
    const { connection, sql } = this.partition
    return await this.partition.write((now) => {
      const head = this.partition.heads.living(key, now)
      if (head === undefined) return undefined
      // A damaged record can be removed, too.
      const record = toRecord(head, (connection.get<Body>(sql.body, head.id) as Body).body)
      this.#bury(head)
      return record
    })
  }

  async removeOwner (owner: string): Promise<RecordKey[]> {
    const { connection, heads, sql } = this.partition
    const removed: RecordKey[] = []
    for (let after = 0; ;) {
      const { living, last } = await this.partition.write((now) => {
        const all = connection.all<HeadRow>(sql.ofOwner, owner, after, SLICE).map((row) => heads.of(row))
        const living = all.filter((head) => !isExpired(head, now))
        for (const head of living) this.#bury(head)
        return { living, last: all[SLICE - 1] }
      }, false)
      removed.push(...living.map(({ key }) => key))
      if (last === undefined) break
      after = last.id
    }
    if (removed.length > 0) await this.partition.confirm()
    return removed
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const { connection, sql } = this.partition
    return await this.partition.read((now) => keys.filter((key) => connection.get(sql.taken, key, now) !== undefined))
  }

  #bury (head: Head): void {
    const { connection, sql } = this.partition
    connection.run(sql.bury, head.key, expiresAt(head))
    const { amount } = connection.get<Amount>(sql.buried) as Amount
    if (amount > this.maxTombstones) connection.run(sql.unbury, amount - this.maxTombstones)
    this.partition.delete(head)
  }
}
