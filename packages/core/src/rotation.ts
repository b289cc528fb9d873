import type { StoredStream } from './backend.js'
import { type SealingKeys, eventPlace } from './codec.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
import type { StoredRecord } from './record.js'
import type { SealedStore } from './sealed-store.js'
import { sealsOf } from './snapshot/sealed-parts.js'
import type { SnapshotStore } from './snapshot/store.js'

export interface RotateOptions {
  /** Told after every hundred sessions or so. */
  onProgress?: (soFar: RotateReport) => void
}

/** Sessions, and records of partitions, each with its streams. */
export interface RotateReport {
  /** Sealed anew. */
  resealed: number
  /** Under the active key already. */
  current: number
  /** Left as they are: their key is not here, or they are damaged. */
  unreadable: number
}

const PAGE = 100

/** Seals anew, under the active key, whatever is not, in a store and those of all partitions. */
export async function reseal (store: SealedStore, { onProgress }: RotateOptions): Promise<RotateReport> {
  const report: RotateReport = { resealed: 0, current: 0, unreadable: 0 }
  const keys = keysOf(store)
  for await (const { from, records, streams } of stored(store)) {
    const resealing = new Resealing(from, keys)
    for (const record of records) {
      const own = streams.filter(({ key }) => key === record.key)
      try {
        report[await resealing.whole(record, own) ? 'resealed' : 'current']++
      } catch (error) {
        if (
          !isHoldfastError(error, 'HOLDFAST_KEY_UNAVAILABLE') && !isHoldfastError(error, 'HOLDFAST_INVALID_STATE')
        ) throw error
        report.unreadable++
      }
    }
    onProgress?.({ ...report })
  }
  return report
}

/** How many things each key is needed for, by its id. See `Sessions.keysInUse`. */
export async function keysInUse (store: SealedStore, sink: SnapshotStore | undefined): Promise<Map<string, number>> {
  const keys = keysOf(store)
  const uses = new Map<string, number>()
  const use = (sealed: Uint8Array): void => {
    const id = keys.of(sealed)
    if (id !== undefined) uses.set(id, (uses.get(id) ?? 0) + 1)
  }
  for await (const { records, streams } of stored(store)) {
    for (const { body } of records) use(body)
    for (const stream of streams) for (const body of bodies(stream)) use(body)
  }
  if (sink !== undefined) for await (const sealed of sealsOf(store, sink)) use(sealed)
  return uses
}

/** Forgets a key that nothing needs. See `Sessions.dropKey`. */
export async function dropKey (store: SealedStore, sink: SnapshotStore | undefined, id: string): Promise<void> {
  const keys = keysOf(store)
  if (keys.active === id) throw new HoldfastError('HOLDFAST_KEY_IN_USE', 'The active key cannot be dropped.')
  if ((await keysInUse(store, sink)).has(id)) throw new HoldfastError('HOLDFAST_KEY_IN_USE')
  keys.drop(id)
}

/** @throws InvalidOptionError when nothing is sealed */
export function keysOf ({ codec: { keys } }: SealedStore): SealingKeys {
  if (keys === undefined) throw new InvalidOptionError('codec', 'nothing is sealed here, so there are no keys')
  return keys
}

/** Seals records of one kind anew. Who writes meanwhile seals with the active key anyway. */
class Resealing {
  constructor (private readonly store: SealedStore, private readonly keys: SealingKeys) {}

  /** @returns false when there was nothing to do */
  async whole (record: StoredRecord, streams: readonly StoredStream[]): Promise<boolean> {
    let changed = await this.#record(record)
    for (const stream of streams) changed = await this.#stream(stream) || changed
    return changed
  }

  async #record ({ key, version, body }: StoredRecord): Promise<boolean> {
    if (this.keys.of(body) === this.keys.active) return false
    const { store } = this
    const sealed = await store.seal(key, await store.unseal(store.kind, key, body))
    return await store.availability.ask(() => store.backend.records.reseal(key, version, sealed))
  }

  async #stream (stream: StoredStream): Promise<boolean> {
    if (bodies(stream).every(sealed => this.keys.of(sealed) === this.keys.active)) return false
    const { availability, backend: { events } } = this.store
    const [head, entries] = await Promise.all([
      this.#event(stream, stream.head),
      Promise.all(stream.entries.map(async sealed => await this.#event(stream, sealed)))
    ])
    if (await availability.ask(() => events.reseal({ ...stream, head, entries }))) return true
    // It went on meanwhile: its older entries still want their new seal.
    const now = (await availability.ask(() => events.streams([stream.key]))).find(({ name }) => name === stream.name)
    return now !== undefined && await this.#stream(now)
  }

  async #event (stream: StoredStream, sealed: Uint8Array): Promise<Uint8Array> {
    if (sealed.length === 0) return sealed
    const place = eventPlace(stream)
    return await this.store.codec.seal('event', place, await this.store.unseal('event', place, sealed))
  }
}

function bodies ({ head, entries }: StoredStream): Uint8Array[] {
  return head.length === 0 ? entries : [head, ...entries]
}

interface Page {
  from: SealedStore
  records: StoredRecord[]
  streams: StoredStream[]
}

/** Everything that is stored, page by page. */
async function * stored (store: SealedStore): AsyncGenerator<Page> {
  for (const from of await store.all()) {
    const { availability, backend: { events } } = from
    for await (const records of from.pages({ limit: PAGE })) {
      yield { from, records, streams: await availability.ask(() => events.streams(records.map(({ key }) => key))) }
    }
  }
}
