import type { Backend, StoredStream } from '../backend.js'
import { HoldfastError } from '../errors.js'
import { UNLIMITED } from '../limits.js'
import { type StoredRecord, asNew } from '../record.js'
import type { WholeRecord } from './whole-record.js'

/**
 * Which record stays when both backends have it: the newer one; the one at the target (`'keep'`); or the copied one,
 * unless the record at the target has a newer version (`'replace'`).
 */
export type CopyMode = 'newer' | 'keep' | 'replace'

/** What copying a record did at the target. */
export type CopyOutcome = 'copied' | 'updated' | 'skipped'

/**
 * Makes a record at `to` equal to the given one: version, ages, streams. A newer record at `to` stays, and a removed
 * record stays removed.
 *
 * @throws HoldfastError HOLDFAST_BACKEND_FULL, and every rejection of the backend
 */
export async function copyRecord (to: Backend, whole: WholeRecord, mode: CopyMode = 'newer'): Promise<CopyOutcome> {
  const existing = await to.records.read(whole.record.key)
  if (existing !== undefined && mode !== 'replace' && (mode === 'keep' || !await isOlder(to, existing, whole))) {
    await importStreams(to, whole)
    return 'skipped'
  }
  // Needed even when nothing can be read: an expired record that no sweep has claimed still takes the key.
  const released = await to.records.release(whole.record.key, whole.record.version)
  const created = await to.records.create(asNew(whole.record), UNLIMITED)
  if (created === 'exists') return 'skipped'
  if (created !== 'created') throw new HoldfastError('HOLDFAST_BACKEND_FULL')
  await importStreams(to, whole)
  return released ? 'updated' : 'copied'
}

/**
 * Copies records that `to` most likely does not have. It leaves existing records, and records for which `to` has no
 * room, to {@link copyRecord}.
 *
 * @returns the records that `to` has now, with all of their streams
 * @throws every rejection of the backend
 */
export async function copyNewRecords (to: Backend, wholes: readonly WholeRecord[]): Promise<WholeRecord[]> {
  const created = await to.records.createMany(wholes.map(({ record }) => asNew(record)), UNLIMITED)
  const copied = wholes.filter((_, i) => created[i] === 'created')
  const imported = await Promise.allSettled(copied.map(async whole => await importStreams(to, whole)))
  return copied.filter((_, i) => imported[i]?.status === 'fulfilled')
}

/** Adds the streams that `to` does not have. */
async function importStreams (to: Backend, { streams }: WholeRecord): Promise<void> {
  for (const stream of streams) await to.events.importStream(stream)
}

async function isOlder (to: Backend, existing: StoredRecord, { record, streams }: WholeRecord): Promise<boolean> {
  if (existing.version !== record.version) return existing.version < record.version
  if (existing.usedAt !== record.usedAt) return existing.usedAt < record.usedAt
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
