import type { NewRecord, RecordKey, StoredRecord } from './record.js'
import { type Located, SealedStore } from './sealed-store.js'
import { type Format, Versioned, type VersionedStore } from './versioned.js'

/** How a {@link Vault} keeps its values. */
export interface VaultOptions<Value> {
  /** Milliseconds without use after which a record expires. */
  idle: number
  /** Milliseconds after its creation at which a record expires, used or not. */
  absolute: number
  /** How values are encoded and decoded. */
  format: Format<Value>
  /** Called with a record that cannot be opened. The record stays. */
  onUnreadable?: (record: StoredRecord, error: unknown) => void
}

/**
 * Stores values of one kind, each in a sealed record. It is the only way from values to a backend and back, and knows
 * nothing of MCP.
 */
export class Vault<Value> extends SealedStore implements VersionedStore<Value> {
  readonly idle: number
  readonly absolute: number
  readonly format: Format<Value>
  readonly #onUnreadable: NonNullable<VaultOptions<Value>['onUnreadable']>

  /** @param store for example `sessions.vault.of('notes')` */
  constructor (store: SealedStore, { idle, absolute, format, onUnreadable = () => {} }: VaultOptions<Value>) {
    super(store.root, store.partition, store.namespace, store.codec, store.availability, store.forget)
    this.idle = idle
    this.absolute = absolute
    this.format = format
    this.#onUnreadable = onUnreadable
  }

  /** A new record of this kind, with a sealed body. */
  record ({ key, owner }: Located, body: Uint8Array): NewRecord {
    return { key, owner, idle: this.idle, absolute: this.absolute, body }
  }

  /**
   * The value of a record. Counts as a use. Undefined when there is no record.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_INVALID_STATE, or what the codec throws
   */
  async open (key: RecordKey): Promise<Versioned<Value> | undefined> {
    const record = await this.fetch(key, 0)
    if (record === undefined || record === 'current') return undefined
    return new Versioned(key, record.owner, record.version, await this.decode(record), this)
  }

  /**
   * Extends a record, and refreshes the value when another process changed it. False when it is gone. One round trip.
   */
  async touch (known: Versioned<Value>): Promise<boolean> {
    const { key, version } = known
    let record
    // The same as `availability.ask`, but without its promise, because every request comes through here.
    try {
      record = await this.backend.records.touch(key, version)
    } catch (error) {
      throw this.availability.failed(error)
    }
    this.availability.answered()
    if (record === 'current') return true
    if (record === undefined) return false
    known.refresh(record.version, await this.decode(record), version)
    return true
  }

  /**
   * The value in a record.
   *
   * @throws HoldfastError HOLDFAST_KEY_UNAVAILABLE, HOLDFAST_INVALID_STATE
   */
  async value ({ key, body }: StoredRecord): Promise<Value> {
    return this.format.decode(await this.unseal(this.kind, key, body))
  }

  /** {@link value} that also reports a record that cannot be opened. */
  async decode (record: StoredRecord): Promise<Value> {
    try {
      return await this.value(record)
    } catch (error) {
      this.#onUnreadable(record, error)
      throw error
    }
  }
}
