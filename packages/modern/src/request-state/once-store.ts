import {
  HoldfastError, type Principal, type RecordKey, type SealedStore, type Sessions, claimExpired
} from '@holdfast/core'
import { type OnceRecord, decodeRecord, encodeRecord } from './once-record.js'

/** The partition of the records. */
const PARTITION = 'once'

/** Records in the whole backend, and of one principal. */
const LIMITS = { maxRecords: 100_000, maxPerOwner: 1_000 }

/** Milliseconds that a record outlives its state: the clocks of two processes may differ by as much. */
const CLOCK_SKEW = 60_000

/** Milliseconds between two sweeps. */
const SWEEP_GAP = 5_000

/** Expired records that one step of a sweep removes. */
const SWEEP_STEP = 100

/** The records of states that were used, each under the digest of its state, so that all replicas know of it. */
export class OnceStore {
  readonly #store: SealedStore
  #sweptAt = -Infinity

  constructor (private readonly sessions: Sessions) {
    this.#store = sessions.vault.of(PARTITION)
  }

  get replica (): string { return this.sessions.fleet.replica }

  /**
   * Claims a state for this call. False when another call was first.
   *
   * @param life milliseconds until the state expires
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL, HOLDFAST_LIMIT_REACHED
   */
  async claim (text: string, principal: Principal | null, life: number): Promise<{ key: RecordKey, first: boolean }> {
    this.#sweep()
    const { key, owner } = this.#store.locate(text, principal)
    const body = await this.#sealed(key, { state: 'running', replica: this.replica })
    const lifetime = life + CLOCK_SKEW
    const created = await this.#store.create({ key, owner, idle: lifetime, absolute: lifetime, body }, LIMITS)
    if (created === 'owner-full' || created === 'full') throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
    return { key, first: created === 'created' }
  }

  /** Tells the end of the first call. False when the record is gone. */
  async settle (key: RecordKey, record: OnceRecord): Promise<boolean> {
    return typeof await this.#store.replace(key, 1, await this.#sealed(key, record)) === 'number'
  }

  /** Undefined when the record has expired. */
  async read (key: RecordKey): Promise<OnceRecord | undefined> {
    const stored = await this.#store.read(key)
    return stored === undefined
      ? undefined
      : decodeRecord(await this.#store.unseal(this.#store.kind, key, stored.body))
  }

  /** Whether a process lives, as far as the backend knows. */
  async isPresent (replica: string): Promise<boolean> {
    const { availability, root } = this.#store
    return await availability.ask(() => root.presence.isPresent(replica))
  }

  report (error: unknown): void {
    this.sessions.report(error)
  }

  async #sealed (key: RecordKey, record: OnceRecord): Promise<Uint8Array> {
    return await this.#store.seal(key, encodeRecord(record))
  }

  /** Removes expired records, now and then, beside the calls that make new ones. */
  #sweep (): void {
    const now = performance.now()
    if (now - this.#sweptAt < SWEEP_GAP) return
    this.#sweptAt = now
    const sweep = async (): Promise<void> => {
      while ((await claimExpired(this.#store, SWEEP_STEP)).more) this.#sweptAt = performance.now()
    }
    sweep().catch(error => this.report(error))
  }
}
