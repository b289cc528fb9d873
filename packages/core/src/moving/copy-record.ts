import type { Backend, StoredStream } from '../backend.js'
import { HoldfastError } from '../errors.js'
import { UNLIMITED } from '../limits.js'
import { type StoredRecord, asNew } from '../record.js'
import type { WholeRecord } from './whole-record.js'

/**
 * Which one stays when both have it: the newer, the one that is there, or the one that comes unless
 * the other's version is newer.
 */
export type BringMode = 'newer' | 'keep' | 'replace'

/** What became of a record at its target. */
export type Brought = 'copied' | 'updated' | 'skipped'

/**
 * Brings a record at `to` up to what it is elsewhere, exactly: version, ages, streams. What is newer there stays, and
 * what was removed there stays removed.
 *
 * @throws HoldfastError HOLDFAST_BACKEND_FULL, and whatever the backend rejects with
 */
export async function bring (to: Backend, whole: WholeRecord, mode: BringMode = 'newer'): Promise<Brought> {
  const there = await to.records.read(whole.record.key)
  if (there !== undefined && mode !== 'replace' && (mode === 'keep' || !await isOlder(to, there, whole))) {
    await restoreStreams(to, whole)
    return 'skipped'
  }
  // Also when nothing is there to be read: what has expired and was never claimed still takes the key.
  const released = await to.records.release(whole.record.key, whole.record.version)
  const created = await to.records.create(asNew(whole.record), UNLIMITED)
  if (created === 'exists') return 'skipped'
  if (created !== 'created') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  await restoreStreams(to, whole)
  return released ? 'updated' : 'copied'
}

/**
 * Brings records that are most likely not there. The others, and those for which there is no
 * room, are left to {@link bring}.
 *
 * @returns those that are there now, with all of their streams
 * @throws whatever the backend rejects with
 */
export async function bringNew (to: Backend, wholes: readonly WholeRecord[]): Promise<WholeRecord[]> {
  const created = await to.records.createMany(wholes.map(({ record }) => asNew(record)), UNLIMITED)
  const there = wholes.filter((_, i) => created[i] === 'created')
  const restored = await Promise.allSettled(there.map(async whole => await restoreStreams(to, whole)))
  return there.filter((_, i) => restored[i]?.status === 'fulfilled')
}

/** Adds the streams that are not there. */
async function restoreStreams (to: Backend, { streams }: WholeRecord): Promise<void> {
  for (const stream of streams) await to.events.importStream(stream)
}

async function isOlder (to: Backend, there: StoredRecord, { record, streams }: WholeRecord): Promise<boolean> {
  if (there.version !== record.version) return there.version < record.version
  if (there.usedAt !== record.usedAt) return there.usedAt < record.usedAt
  if (streams.length === 0) return false
  const known = new Map((await to.events.heads([record.key])).map(head => [head.name, head]))
  return streams.some(stream => {
    const other = known.get(stream.name)
    return other !== undefined &&
      (other.last < lastOf(stream) || (stream.ended && !other.ended) || other.delivered < stream.delivered)
  })
}

/** The position of a stream's last entry. */
export function lastOf ({ floor, entries }: Pick<StoredStream, 'floor' | 'entries'>): number {
  return floor + entries.length
}
