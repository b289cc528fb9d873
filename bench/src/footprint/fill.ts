import { randomBytes } from 'node:crypto'
import { type NewRecord, type RecordStore, ownerDigest, recordKey } from '@holdfast/core'

export const PER_OWNER = 1000

const AT_ONCE = 500
const LIMITS = { maxRecords: 1e9, maxPerOwner: 1e9 }
const HOUR = 3_600_000

/** The digest of the owner with a number. */
export function ownerOf (n: number): string {
  return ownerDigest('bench', { subject: `user ${n}` })
}

/** Stores so many sessions of usual size, 1,000 for each owner; the owners take turns. */
export async function fill (records: RecordStore, amount: number): Promise<void> {
  const owners = Array.from({ length: Math.max(1, Math.floor(amount / PER_OWNER)) }, (_, n) => ownerOf(n))
  const draft = (n: number): NewRecord => {
    const owner = owners[n % owners.length]!
    const key = recordKey('bench', owner, randomBytes(32).toString('base64url'))
    return { key, owner, idle: 24 * HOUR, absolute: 48 * HOUR, body: randomBytes(900) }
  }
  for (let n = 0; n < amount; n += AT_ONCE) {
    const drafts = Array.from({ length: Math.min(AT_ONCE, amount - n) }, (_, i) => draft(n + i))
    const created = await records.createMany(drafts, LIMITS)
    const refused = created.find(outcome => outcome !== 'created')
    if (refused !== undefined) throw new Error(refused)
  }
}
