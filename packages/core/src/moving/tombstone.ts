import type { Backend } from '../backend.js'
import { UNLIMITED } from '../limits.js'
import type { RecordKey } from '../record.js'

const DAY = 24 * 3_600_000

/**
 * Ends a session at a copy for good, also one that never got there. How long that one would have lived nobody knows any
 * more: its tombstone stays for a week.
 */
export async function bury ({ records }: Backend, key: RecordKey): Promise<void> {
  if (await records.remove(key) || (await records.removed([key])).length > 0) return
  await records.create({ key, owner: '', idle: 7 * DAY, absolute: 7 * DAY, body: new Uint8Array() }, UNLIMITED)
  await records.remove(key)
}
