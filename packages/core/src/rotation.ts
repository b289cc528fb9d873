import type { StoredStream } from './backend.js'
import { type SealingKeys, eventPlace } from './codec.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from './errors.js'
import type { StoredRecord } from './record.js'
import type { SealedStore } from './sealed-store.js'
import { sealedParts } from './snapshot/sealed-parts.js'
import type { SnapshotStore } from './snapshot/store.js'

/** How `Sessions.rotate` reports its progress. */
export interface RotateOptions {
  /** Called about once per hundred sessions. */
  onProgress?: (soFar: RotateReport) => void
}

/** What a rotation did, counted in sessions and records of partitions, each with its streams. */
export interface RotateReport {
  /** Records that are sealed under the active key now. */
  resealed: number
  /** Records that were sealed under the active key before. */
  current: number
  /** Records that stay as they are, because their key is missing or they are damaged. */
  unreadable: number
}

/** Records that are read at a time. */
const PAGE_SIZE = 100

/** Seals everything under the active key, in the store of the sessions and of every partition. */
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

/** How many bodies and events need each key, by the id of the key. See `Sessions.keysInUse`. */
export async function keysInUse (
  store: SealedStore, snapshotStore: SnapshotStore | undefined
): Promise<Map<string, number>> {
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
  if (snapshotStore !== undefined) for await (const sealed of sealedParts(store, snapshotStore)) use(sealed)
  return uses
}

/** Forgets a key that no stored data needs. See `Sessions.dropKey`. */
export async function dropKey (
  store: SealedStore, snapshotStore: SnapshotStore | undefined, id: string
): Promise<void> {
  const keys = keysOf(store)
  if (keys.active === id) throw new HoldfastError('HOLDFAST_KEY_IN_USE', 'The active key cannot be dropped.')
  if ((await keysInUse(store, snapshotStore)).has(id)) throw new HoldfastError('HOLDFAST_KEY_IN_USE')
  keys.drop(id)
}

/** @throws InvalidOptionError when the codec does not seal */
export function keysOf ({ codec: { keys } }: SealedStore): SealingKeys {
  if (keys === undefined) throw new InvalidOptionError('codec', 'the codec does not seal, so there are no keys')
  return keys
}

/** Reseals records of one kind. Writes during that time use the active key anyway. */
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
    // The stream has grown meanwhile, so its older entries still need the new seal.
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

interface StoredPage {
  from: SealedStore
  records: StoredRecord[]
  streams: StoredStream[]
}

/** All records with their streams, page by page. */
async function * stored (store: SealedStore): AsyncGenerator<StoredPage> {
  for (const from of await store.all()) {
    const { availability, backend: { events } } = from
    for await (const records of from.pages({ limit: PAGE_SIZE })) {
      yield { from, records, streams: await availability.ask(() => events.streams(records.map(({ key }) => key))) }
    }
  }
}
