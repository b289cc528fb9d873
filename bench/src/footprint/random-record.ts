import { randomBytes } from 'node:crypto'
import { type RecordKey, type RecordStore, recordKey } from '@holdfast/core'

const LIMITS = { maxRecords: 1e9, maxPerOwner: 1e9 }

/** Stores a session of usual size, of nobody. */
export async function randomRecord (records: RecordStore, idle = 30 * 60_000): Promise<RecordKey> {
  const key = recordKey('bench', '', randomBytes(32).toString('base64url'))
  const created = await records.create(
    { key, owner: '', idle, absolute: 24 * 3_600_000, body: randomBytes(900) }, LIMITS
  )
  if (created !== 'created') throw new Error(created)
  return key
}
