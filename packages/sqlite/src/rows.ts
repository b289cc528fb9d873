import type { RecordHead, StoredRecord } from '@holdfast/core'
import type { Body } from './checksum.js'
import type { Head, HeadRow } from './heads.js'

/** A row of the table of records, with its body. */
export type WholeRow = HeadRow & Body

/** A row with a number of rows. */
export interface Amount { amount: number }

export function toHead ({ key, owner, version, createdAt, usedAt, idle, deadline }: Head): RecordHead {
  return { key, owner, version, createdAt, usedAt, idle, deadline }
}

export function toRecord (head: Head, body: Uint8Array): StoredRecord {
  return { ...toHead(head), body }
}
