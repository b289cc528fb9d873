import { setImmediate } from 'node:timers/promises'
import type { StoredStream } from './backend.js'
import { type SealingKeys, eventPlace } from './codec.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
import type { StoredRecord } from './record.js'
import type { Sessions } from './sessions.js'
import { sealsOf } from './snapshot/seals.js'

export interface RotateOptions {
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: RotateReport) => void
}

/** Sessions, each with its streams. */
export interface RotateReport {
  /** Sealed anew. */
  resealed: number
  /** Under the active key already. */
  current: number
  /** Left as they are: their key is not here, or they are damaged. */
  unreadable: number
}

const PAGE = 100

/** Seals anew, under the active key, whatever is not. See `Sessions.rotate`. */
export async function rotate (sessions: Sessions, { onProgress }: RotateOptions): Promise<RotateReport> {
  const report: RotateReport = { resealed: 0, current: 0, unreadable: 0 }
  const keys = keysOf(sessions)
  for await (const { records, streams } of pages(sessions)) {
    for (const record of records) {
      const own = streams.filter(({ key }) => key === record.key)
      try {
        let changed = await resealRecord(sessions, keys, record)
        for (const stream of own) changed = await resealStream(sessions, keys, stream) || changed
        report[changed ? 'resealed' : 'current']++
      } catch (error) {
        if (!isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') && !isHoldfastError(error, 'HOLDFAST_INVALID_STATE')) throw error
        report.unreadable++
      }
    }
    onProgress?.({ ...report })
  }
  if (sessions.snapshot !== undefined) await sessions.exportSessionState()
  sessions.emit('rotated', { ...report, active: keys.active })
  return report
}

/** How many things each key is needed for, by its id. See `Sessions.keysInUse`. */
export async function keysInUse (sessions: Sessions): Promise<Map<string, number>> {
  const keys = keysOf(sessions)
  const uses = new Map<string, number>()
  const use = (sealed: Uint8Array): void => {
    const id = keys.of(sealed)
    if (id !== undefined) uses.set(id, (uses.get(id) ?? 0) + 1)
  }
  for await (const { records, streams } of pages(sessions)) {
    for (const { body } of records) use(body)
    for (const stream of streams) for (const body of bodies(stream)) use(body)
  }
  if (sessions.snapshot !== undefined) for await (const sealed of sealsOf(sessions, sessions.snapshot)) use(sealed)
  return uses
}

/** Forgets a key that nothing needs. See `Sessions.dropKey`. */
export async function dropKey (sessions: Sessions, id: string): Promise<void> {
  const keys = keysOf(sessions)
  if (keys.active === id) throw new HoldfastError('HOLDFAST_KEY_IN_USE', 'The active key cannot be dropped.')
  if ((await keysInUse(sessions)).has(id)) throw new HoldfastError('HOLDFAST_KEY_IN_USE')
  keys.drop(id)
  sessions.emit('keyDropped', { id })
}

function keysOf ({ codec: { keys } }: Sessions): SealingKeys {
  if (keys === undefined) throw new InvalidOptionError('codec', 'nothing is sealed here, so there are no keys')
  return keys
}

/** False when there is nothing to do. Whoever writes meanwhile seals with the active key anyway. */
async function resealRecord (sessions: Sessions, keys: SealingKeys, { key, version, body }: StoredRecord): Promise<boolean> {
  if (keys.of(body) === keys.active) return false
  const { availability, backend, codec } = sessions
  const sealed = await codec.seal('session', key, await sessions.unseal('session', key, body))
  return await availability.ask(() => backend.records.reseal(key, version, sealed))
}

async function resealStream (sessions: Sessions, keys: SealingKeys, stream: StoredStream): Promise<boolean> {
  if (bodies(stream).every(sealed => keys.of(sealed) === keys.active)) return false
  const { availability, backend, codec } = sessions
  const place = eventPlace(stream)
  const anew = async (sealed: Uint8Array): Promise<Uint8Array> => sealed.length === 0 ? sealed : await codec.seal('event', place, await sessions.unseal('event', place, sealed))
  const resealed = { ...stream, head: await anew(stream.head), entries: await Promise.all(stream.entries.map(anew)) }
  if (await availability.ask(() => backend.events.reseal(resealed))) return true
  // It went on meanwhile: its older entries still want their new seal.
  const now = (await availability.ask(() => backend.events.streams([stream.key]))).find(({ name }) => name === stream.name)
  return now !== undefined && await resealStream(sessions, keys, now)
}

function bodies ({ head, entries }: StoredStream): Uint8Array[] {
  return head.length === 0 ? entries : [head, ...entries]
}

async function * pages ({ availability, backend }: Sessions): AsyncGenerator<{ records: StoredRecord[], streams: StoredStream[] }> {
  let cursor: string | undefined
  do {
    const page = await availability.ask(() => backend.records.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) }))
    const { records } = page
    yield { records, streams: await availability.ask(() => backend.events.streams(records.map(({ key }) => key))) }
    cursor = page.cursor
    // A backend in memory answers at once, and other work has to go on.
    await setImmediate()
  } while (cursor !== undefined)
}
