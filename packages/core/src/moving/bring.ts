import type { Backend, RecordLimits, StoredStream } from '../backend.js'
import { HoldfastError } from '../errors.js'
import type { StoredRecord } from '../record.js'

/** A session with its streams, as one backend holds it. */
export interface Copy {
  record: StoredRecord
  streams: StoredStream[]
}

/** What was admitted once is not refused elsewhere. */
const UNLIMITED: RecordLimits = { maxRecords: Infinity, maxPerOwner: Infinity }

export interface BringOptions {
  /** Tries to create it before looking whether it is there. */
  expectNew?: boolean
  /** What is there stays, also when it is older. */
  keep?: boolean
  /** What is there goes, unless its version is newer. */
  anew?: boolean
}

/**
 * Brings a session at `to` up to what it is elsewhere, exactly: version, ages, streams. What is newer there stays, and what was removed
 * there stays removed.
 *
 * @throws HoldfastError HOLDFAST_BACKEND_FULL, and whatever the backend rejects with
 */
export async function bring (to: Backend, copy: Copy, { expectNew = false, keep = false, anew = false }: BringOptions = {}): Promise<'copied' | 'updated' | 'skipped'> {
  if (expectNew && await create(to, copy)) return 'copied'
  const there = await to.records.read(copy.record.key)
  if (there !== undefined && !anew && (keep || !await isOlder(to, there, copy))) {
    await restore(to, copy)
    return 'skipped'
  }
  // Also when nothing is there to be read: what has expired and was never claimed still takes the key.
  const released = await to.records.release(copy.record.key, copy.record.version)
  if (!await create(to, copy)) return 'skipped'
  return released ? 'updated' : 'copied'
}

/** Whether it was created; otherwise its key is taken. */
async function create (to: Backend, copy: Copy): Promise<boolean> {
  const { key, owner, idle, deadline, body, createdAt, usedAt, version } = copy.record
  const created = await to.records.create({ key, owner, idle, absolute: deadline - createdAt, body, origin: { createdAt, usedAt, version } }, UNLIMITED)
  if (created === 'exists') return false
  if (created !== 'created') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  await restore(to, copy)
  return true
}

/** Adds the streams that are not there. */
async function restore (to: Backend, { streams }: Copy): Promise<void> {
  for (const stream of streams) await to.events.restore(stream)
}

async function isOlder (to: Backend, there: StoredRecord, { record, streams }: Copy): Promise<boolean> {
  if (there.version !== record.version) return there.version < record.version
  if (there.usedAt !== record.usedAt) return there.usedAt < record.usedAt
  if (streams.length === 0) return false
  const known = new Map((await to.events.streams([record.key])).map(stream => [stream.name, stream]))
  return streams.some(stream => {
    const other = known.get(stream.name)
    return other !== undefined && (end(other) < end(stream) || (stream.ended && !other.ended) || other.delivered < stream.delivered)
  })
}

function end ({ floor, entries }: StoredStream): number {
  return floor + entries.length
}
