import type { Backend } from '../backend.js'
import { UNLIMITED } from '../limits.js'
import type { RecordKey } from '../record.js'

const DAY = 24 * 3_600_000

/**
 * Makes sure that a copy has a tombstone for a session, even when the session never reached the copy. Nothing says how
 * long such a session would have lived, so its tombstone stays for a week.
 */
export async function ensureTombstone ({ records }: Backend, key: RecordKey): Promise<void> {
  if (await records.remove(key) || (await records.removed([key])).length > 0) return
  await records.create({ key, owner: '', idle: 7 * DAY, absolute: 7 * DAY, body: new Uint8Array() }, UNLIMITED)
  await records.remove(key)
}
