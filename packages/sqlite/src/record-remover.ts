import { type RecordKey, type StoredRecord, expiresAt, isExpired } from '@holdfast/core'
import type { Body } from './checksum.js'
import type { Head, HeadRow } from './heads.js'
import type { Partition } from './partition.js'
import { type Amount, toRecord } from './rows.js'

/** Records that one transaction removes. More would hold up the process: their pages may have to come from the disk. */
const SLICE = 10

/** Owners whose removal failed half-way, and whose removed records are remembered for the next attempt. */
const MOST_UNTOLD = 1000

/** Removes records for good, and remembers them: nothing brings a removed record back. */
export class RecordRemover {
  /** The records of an owner that an earlier attempt removed before it failed. Nobody was told of them. */
  readonly #untold = new Map<string, RecordKey[]>()

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
    const removed = this.#untold.get(owner) ?? []
    this.#untold.delete(owner)
    try {
      let after: number | undefined = 0
      while (after !== undefined) after = await this.#removeSome(owner, after, removed)
      if (removed.length > 0) await this.partition.confirm()
    } catch (error) {
      if (removed.length > 0 && this.#untold.size < MOST_UNTOLD) this.#untold.set(owner, removed)
      throw error
    }
    return removed
  }

  /** @returns the id after which there may be more */
  async #removeSome (owner: string, after: number, removed: RecordKey[]): Promise<number | undefined> {
    const { connection, heads, sql } = this.partition
    const { keys, last } = await this.partition.write((now) => {
      const keys: RecordKey[] = []
      let last: number | undefined
      for (const row of connection.all<HeadRow>(sql.ofOwner, owner, after, SLICE)) {
        const head = heads.of(row)
        last = head.id
        if (isExpired(head, now)) continue
        this.#bury(head)
        keys.push(head.key)
      }
      return { keys, last }
    }, false)
    removed.push(...keys)
    return last
  }

  async removed (keys: readonly RecordKey[]): Promise<RecordKey[]> {
    const { connection, sql } = this.partition
    return await this.partition.readTogether(
      (now) => keys.filter((key) => connection.get(sql.taken, key, now) !== undefined)
    )
  }

  #bury (head: Head): void {
    const { connection, sql } = this.partition
    connection.run(sql.bury, head.key, expiresAt(head))
    const { amount } = connection.get<Amount>(sql.buried) as Amount
    if (amount > this.maxTombstones) connection.run(sql.unbury, amount - this.maxTombstones)
    this.partition.delete(head)
  }
}
