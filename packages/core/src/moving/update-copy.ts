import type { Backend, StreamRef } from '../backend.js'
import type { RecordKey } from '../record.js'
import { copyRecord } from './copy-record.js'
import type { PendingChange } from './pending-changes.js'
import { ensureTombstone } from './tombstone.js'
import { withStreams } from './whole-record.js'

/** Entries that are read at a time. */
const PAGE_SIZE = 100

/**
 * Brings one record of a copy up to date: by repeating the changes where that is enough, otherwise by copying the whole
 * record. A newer version at the copy stays.
 */
export async function updateCopy (
  primary: Backend, copy: Backend, key: RecordKey, pending: PendingChange
): Promise<void> {
  if (pending.kind === 'removed') {
    await ensureTombstone(copy, key)
  } else if (pending.kind === 'released') {
    await copy.records.release(key, Number.MAX_SAFE_INTEGER)
  } else if (
    pending.kind === 'whole' ||
    !await updateRecord(primary, copy, key, pending) ||
    !await updateStreams(primary, copy, key, pending.streams)
  ) {
    await copyWhole(primary, copy, key)
  }
}

async function copyWhole (primary: Backend, copy: Backend, key: RecordKey): Promise<void> {
  const record = await primary.records.read(key)
  if (record !== undefined) {
    for (const whole of await withStreams(primary, [record])) await copyRecord(copy, whole, 'replace')
  }
  // Another process may have ended the session before the copy had a record to remove.
  if ((await primary.records.removed([key])).length > 0) await ensureTombstone(copy, key)
}

/** @returns whether the copy has the record as the primary has it, or a newer version */
async function updateRecord (
  primary: Backend, copy: Backend, key: RecordKey, { kind, version }: PendingChange
): Promise<boolean> {
  if (kind === 'used' && version === 0) return true
  if (kind === 'used' && await copy.records.touch(key, version) === 'current') return true
  const [record, copied] = await Promise.all([primary.records.read(key), copy.records.read(key)])
  if (record === undefined || copied === undefined) return false
  if (copied.version > record.version) return true
  if (copied.version === record.version - 1) {
    return await copy.records.replace(key, copied.version, record.body) === record.version
  }
  if (copied.version !== record.version) return false
  return Buffer.compare(copied.body, record.body) === 0 || await copy.records.reseal(key, copied.version, record.body)
}

async function updateStreams (
  primary: Backend, copy: Backend, key: RecordKey, names: Iterable<string>
): Promise<boolean> {
  for (const name of names) if (!await updateStream(primary, copy, { key, name })) return false
  return true
}

/** @returns whether the copy has the stream as the primary has it */
async function updateStream (primary: Backend, copy: Backend, stream: StreamRef): Promise<boolean> {
  const known = await primary.events.readAfter(stream, 'undelivered', 1)
  if (known === undefined) return true
  let last = await copy.events.append(stream, [], { head: known.head })
  while (typeof last === 'number') {
    const page = await primary.events.readAfter(stream, last, PAGE_SIZE)
    if (page === undefined || page.lost) return false
    const { entries, ended: end } = page
    if (entries.length === 0 && !end) break
    const appended = await copy.events.append(stream, entries.map(({ body }) => body), { end })
    if (appended !== last + entries.length) return false
    if (end) break
    last = appended
  }
  await copy.events.delivered(stream, known.after)
  return last !== 'gone'
}
