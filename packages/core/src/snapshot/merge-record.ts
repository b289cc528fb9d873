import { setImmediate } from 'node:timers/promises'
import type { StoredStream } from '../backend.js'
import { copyRecord } from '../moving/copy-record.js'
import type { StoredRecord } from '../record.js'
import type { SealedStore } from '../sealed-store.js'

/** Versions that a record may be behind to be brought up to date step by step. Only a forged one is further behind. */
const MAX_STEPS = 100_000
/** Steps in one turn of the event loop. */
const STEPS_PER_TURN = 100

/**
 * Brings a record up to date with a newer version of it, which another process stored. A version that is newer here
 * stays. The record never vanishes meanwhile, because its session may be in use.
 *
 * @returns whether it changed
 */
export async function mergeRecord (store: SealedStore, record: StoredRecord): Promise<boolean> {
  const existing = await store.read(record.key)
  if (existing === undefined) return false
  if (existing.version >= record.version) {
    // A session that is used elsewhere must not expire here. By far: two processes must not keep it alive in turns.
    if (record.usedAt - existing.usedAt > record.idle / 2) await store.fetch(record.key, existing.version)
    return false
  }
  if (record.version - existing.version > MAX_STEPS) {
    return await store.availability.ask(() => copyRecord(store.backend, { record, streams: [] })) === 'updated'
  }
  // A change moves a version by one. With the same version on both sides, nobody takes the older state for the newer.
  let { version } = existing
  while (version < record.version) {
    if ((version - existing.version) % STEPS_PER_TURN === STEPS_PER_TURN - 1) await setImmediate()
    const changed = await store.replace(record.key, version, record.body)
    if (typeof changed === 'string') return false
    version = changed
  }
  return true
}

/** Adds the entries of a stream that another process appended. A stream that has ended here stays as it is. */
export async function mergeStream (
  { availability, backend: { events } }: SealedStore, stream: StoredStream
): Promise<void> {
  const { key, name, floor, entries, ended: end, delivered } = stream
  const known = (await availability.ask(() => events.heads([key]))).find(head => head.name === name)
  if (known === undefined || known.ended || known.last < floor) return
  const missing = entries.slice(known.last - floor)
  if (missing.length > 0 || end) await availability.ask(() => events.append({ key, name }, missing, { end }))
  await availability.ask(() => events.delivered({ key, name }, delivered))
}
