import { crc32 } from 'node:zlib'
import { SqliteError } from './errors.js'

/** A body in a row, with its checksum. */
export interface Body { sum: number, body: Uint8Array }

/**
 * The checksum that is stored with a body. SQLite finds damage to its own structure only. Without a checksum, a damaged
 * body would look like a broken seal, so like a session that nobody has.
 */
export function checksum (body: Uint8Array): number {
  return crc32(body)
}

export function isWhole ({ sum, body }: Body): boolean {
  return crc32(body) === sum
}

/** @throws SqliteError SQLITE_DAMAGED_BODY when a body is not the stored one */
export function verified (row: Body): Uint8Array {
  if (isWhole(row)) return row.body
  throw new SqliteError('SQLITE_DAMAGED_BODY')
}
