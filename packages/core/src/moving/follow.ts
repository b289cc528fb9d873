import type { Backend, StreamRef } from '../backend.js'
import type { RecordKey } from '../record.js'
import { bring } from './bring.js'
import { bury } from './bury.js'
import type { Mark } from './marks.js'
import { withStreams } from './walk.js'

/** Entries that are read at a time. */
const LIMIT = 100

/** Gives a replica what it lacks of one session, by steps where they lead there, and otherwise whole. A newer version there stays. */
export async function follow (primary: Backend, replica: Backend, key: RecordKey, mark: Mark): Promise<void> {
  if (mark.kind === 'removed') {
    await bury(replica, key)
  } else if (mark.kind === 'released') {
    await replica.records.release(key, Number.MAX_SAFE_INTEGER)
  } else if (mark.kind === 'whole' || !await followRecord(primary, replica, key, mark) || !await followStreams(primary, replica, key, mark.streams)) {
    await copy(primary, replica, key)
  }
}

async function copy (primary: Backend, replica: Backend, key: RecordKey): Promise<void> {
  const record = await primary.records.read(key)
  if (record !== undefined) {
    for (const one of await withStreams(primary, [record])) await bring(replica, one, { anew: true })
  }
  // It may have ended since, by another process, before the replica had anything to remove.
  if ((await primary.records.removed([key])).length > 0) await bury(replica, key)
}

/** Whether the record is at the replica as it is, or newer. */
async function followRecord (primary: Backend, replica: Backend, key: RecordKey, { kind, version }: Mark): Promise<boolean> {
  if (kind === 'used' && version === 0) return true
  if (kind === 'used' && await replica.records.touch(key, version) === 'current') return true
  const [record, there] = await Promise.all([primary.records.read(key), replica.records.read(key)])
  if (record === undefined || there === undefined) return false
  if (there.version > record.version) return true
  if (there.version === record.version - 1) return await replica.records.replace(key, there.version, record.body) === record.version
  if (there.version !== record.version) return false
  return Buffer.compare(there.body, record.body) === 0 || await replica.records.reseal(key, there.version, record.body)
}

async function followStreams (primary: Backend, replica: Backend, key: RecordKey, names: Iterable<string>): Promise<boolean> {
  for (const name of names) if (!await followStream(primary, replica, { key, name })) return false
  return true
}

/** Whether the stream is at the replica as it is. */
async function followStream (primary: Backend, replica: Backend, stream: StreamRef): Promise<boolean> {
  const known = await primary.events.readAfter(stream, 'undelivered', 1)
  if (known === undefined) return true
  let last = await replica.events.append(stream, [], { head: known.head })
  while (typeof last === 'number') {
    const page = await primary.events.readAfter(stream, last, LIMIT)
    if (page === undefined || page.lost) return false
    const { entries, ended: end } = page
    if (entries.length === 0 && !end) break
    const appended = await replica.events.append(stream, entries.map(({ body }) => body), { end })
    if (appended !== last + entries.length) return false
    if (end) break
    last = appended
  }
  await replica.events.delivered(stream, known.after)
  return last !== 'gone'
}
