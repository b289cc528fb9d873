import type { Backend, StreamRef } from '../backend.js'
import type { RecordKey } from '../record.js'
import { bring } from './copy-record.js'
import { bury } from './tombstone.js'
import type { Mark } from './pending-changes.js'
import { withStreams } from './whole-record.js'

/** Entries that are read at a time. */
const LIMIT = 100

/**
 * Gives a copy what it lacks of one record, by steps where they lead there, and otherwise whole.
 * A newer version there stays.
 */
export async function follow (primary: Backend, copy: Backend, key: RecordKey, mark: Mark): Promise<void> {
  if (mark.kind === 'removed') {
    await bury(copy, key)
  } else if (mark.kind === 'released') {
    await copy.records.release(key, Number.MAX_SAFE_INTEGER)
  } else if (
    mark.kind === 'whole' ||
    !await followRecord(primary, copy, key, mark) ||
    !await followStreams(primary, copy, key, mark.streams)
  ) {
    await copyWhole(primary, copy, key)
  }
}

async function copyWhole (primary: Backend, copy: Backend, key: RecordKey): Promise<void> {
  const record = await primary.records.read(key)
  if (record !== undefined) {
    for (const one of await withStreams(primary, [record])) await bring(copy, one, 'replace')
  }
  // It may have ended since, by another process, before the copy had anything to remove.
  if ((await primary.records.removed([key])).length > 0) await bury(copy, key)
}

/** Whether the record is at the copy as it is, or newer. */
async function followRecord (
  primary: Backend, copy: Backend, key: RecordKey, { kind, version }: Mark
): Promise<boolean> {
  if (kind === 'used' && version === 0) return true
  if (kind === 'used' && await copy.records.touch(key, version) === 'current') return true
  const [record, there] = await Promise.all([primary.records.read(key), copy.records.read(key)])
  if (record === undefined || there === undefined) return false
  if (there.version > record.version) return true
  if (there.version === record.version - 1) {
    return await copy.records.replace(key, there.version, record.body) === record.version
  }
  if (there.version !== record.version) return false
  return Buffer.compare(there.body, record.body) === 0 || await copy.records.reseal(key, there.version, record.body)
}

async function followStreams (
  primary: Backend, copy: Backend, key: RecordKey, names: Iterable<string>
): Promise<boolean> {
  for (const name of names) if (!await followStream(primary, copy, { key, name })) return false
  return true
}

/** Whether the stream is at the copy as it is. */
async function followStream (primary: Backend, copy: Backend, stream: StreamRef): Promise<boolean> {
  const known = await primary.events.readAfter(stream, 'undelivered', 1)
  if (known === undefined) return true
  let last = await copy.events.append(stream, [], { head: known.head })
  while (typeof last === 'number') {
    const page = await primary.events.readAfter(stream, last, LIMIT)
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
