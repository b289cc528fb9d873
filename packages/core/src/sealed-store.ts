import type { Availability } from './availability.js'
import type { Backend, Created, RecordLimits } from './backend.js'
import type { BoundCodec } from './codec.js'
import { HoldfastError, isHoldfastError } from './errors.js'
import { headPages, recordPages } from './pages.js'
import { allPartitions, partitionOf, recordKind } from './partitions.js'
import type { Principal } from './principal.js'
import type { NewRecord, RecordHead, RecordKey, StoredRecord } from './record.js'
import { ownerDigest, recordKey } from './record-key.js'

/** The key and the owner of a record. */
export interface Located {
  key: RecordKey
  owner: string
}

/** Stores records of one kind, whose bodies are sealed. It does not know the content of the bodies. */
export class SealedStore {
  /** The backend itself, or one of its partitions. */
  readonly backend: Backend
  /** The kind of its records, as keys and seals name it. */
  readonly kind: string

  constructor (
    /** The backend to which the partition belongs. */
    readonly root: Backend,
    /** The name of the partition, or `ROOT` for the backend itself. */
    readonly partition: string,
    /** Part of keys and owners. */
    readonly namespace: string,
    readonly codec: BoundCodec,
    /** Direct calls of `backend` must go through it. */
    readonly availability: Availability,
    /** Prevents that revoked records come back with an older snapshot. */
    readonly forget: (keys: readonly RecordKey[]) => Promise<void> = async () => {}
  ) {
    this.backend = partitionOf(root, partition)
    this.kind = recordKind(partition)
  }

  /**
   * The sealed store of a partition of the backend.
   *
   * @param partition its name, or `ROOT`
   * @throws InvalidOptionError for an invalid name
   */
  of (partition: string): SealedStore {
    const { root, namespace, codec, availability, forget } = this
    return new SealedStore(root, partition, namespace, codec, availability, forget)
  }

  /** The stores of the backend itself and of all of its partitions. */
  async all (): Promise<SealedStore[]> {
    const names = await this.availability.ask(() => allPartitions(this.root))
    return names.map(name => this.of(name))
  }

  /** The key and the owner of the record of an id, whether or not the record exists. */
  locate (id: string, principal: Principal | null): Located {
    const owner = ownerDigest(this.namespace, principal)
    return { owner, key: recordKey(this.namespace, owner, id, this.kind) }
  }

  /** Stores a record with a sealed body, unless its key is taken. See `RecordStore.create`. */
  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    return await this.availability.ask(() => this.backend.records.create(record, limits))
  }

  /** {@link create} for many records. See `RecordStore.createMany`. */
  async createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]> {
    return await this.availability.ask(() => this.backend.records.createMany(records, limits))
  }

  /** A record. Reading does not count as a use. */
  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.availability.ask(() => this.backend.records.read(key))
  }

  /** A record, unless `version` is current. Counts as a use. See `RecordStore.touch`. */
  async fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return await this.availability.ask(() => this.backend.records.touch(key, version))
  }

  /** Changes a record with a known version. See `RecordStore.replace`. */
  async replace (key: RecordKey, version: number, body: Uint8Array): Promise<number | 'conflict' | 'gone'> {
    return await this.availability.ask(() => this.backend.records.replace(key, version, body))
  }

  /** Removes a record for good. See `RecordStore.remove`. */
  async remove (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined> {
    return await this.availability.ask(() => this.backend.records.remove(key))
  }

  /** {@link remove} for every record of an owner. Resolves to their keys. */
  async removeOwner (owner: string): Promise<RecordKey[]> {
    return await this.availability.ask(() => this.backend.records.removeOwner(owner))
  }

  /**
   * {@link remove} that also prevents an older snapshot from bringing the record back.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when the record is removed, but a crash before the next export may
   *   bring it back: call again
   */
  async revoke (key: RecordKey): Promise<StoredRecord | 'unseen' | undefined> {
    const removed = await this.remove(key)
    await this.forget(removed === undefined ? [] : [key])
    return removed
  }

  /** {@link revoke} for every record of an owner. Resolves to their keys. */
  async revokeOwner (owner: string): Promise<RecordKey[]> {
    const keys = await this.removeOwner(owner)
    await this.forget(keys)
    return keys
  }

  /** One page of records. See `RecordStore.list`. */
  async list (
    query: { owner?: string, cursor?: string, limit: number }
  ): Promise<{ records: StoredRecord[], cursor?: string }> {
    return await this.availability.ask(() => this.backend.records.list(query))
  }

  /** The records of one owner or of all, page by page. */
  pages (query: { owner?: string, limit: number }): AsyncGenerator<StoredRecord[]> {
    return recordPages(this, query)
  }

  /** {@link pages} without bodies. */
  headPages (query: { owner?: string, limit: number }): AsyncGenerator<RecordHead[]> {
    return headPages({ listHeads: query => this.availability.ask(() => this.backend.records.listHeads(query)) }, query)
  }

  /** How many records exist, of one owner or of all. */
  async count (owner?: string): Promise<number> {
    return await this.availability.ask(() => this.backend.records.count(owner))
  }

  /** Seals the body of a record. */
  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal(this.kind, key, plaintext)
  }

  /**
   * Opens bytes that were sealed for a kind and a key.
   *
   * @throws HoldfastError HOLDFAST_KEY_UNAVAILABLE, HOLDFAST_INVALID_STATE
   */
  async unseal (kind: string, key: RecordKey, sealed: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.codec.open(kind, key, sealed)
    } catch (error) {
      throw isHoldfastError(error) ? error : new HoldfastError('HOLDFAST_INVALID_STATE', undefined, { cause: error })
    }
  }
}
