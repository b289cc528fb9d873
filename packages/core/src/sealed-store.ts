import type { Availability } from './availability.js'
import type { Backend, Created, RecordLimits } from './backend.js'
import type { BoundCodec } from './codec.js'
import { HoldfastError, isHoldfastError } from './errors.js'
import { headPages, recordPages } from './pages.js'
import { allPartitions, partitionOf, recordKind } from './partitions.js'
import type { Principal } from './principal.js'
import type { NewRecord, RecordHead, RecordKey, StoredRecord } from './record.js'
import { ownerDigest, recordKey } from './record-key.js'

/** Where a record is, and whose it is. */
export interface Located {
  key: RecordKey
  owner: string
}

/** Where records of one kind are stored, and how they are sealed. It does not know what they say. */
export class SealedStore {
  /** The backend itself, or one of its partitions. */
  readonly backend: Backend
  /** What its records are called in keys and seals. */
  readonly kind: string

  constructor (
    /** Whose partition it is. */
    readonly root: Backend,
    /** The name of the partition, or `ROOT` for the backend itself. */
    readonly partition: string,
    /** Goes into keys and owners. */
    readonly namespace: string,
    readonly codec: BoundCodec,
    /** Whoever uses `backend` directly asks through it. */
    readonly availability: Availability,
    /** Keeps records that were revoked from coming back with an older snapshot. */
    readonly forget: (keys: readonly RecordKey[]) => Promise<void> = async () => {}
  ) {
    this.backend = partitionOf(root, partition)
    this.kind = recordKind(partition)
  }

  /**
   * The same for a partition of the backend.
   *
   * @param partition its name, or `ROOT`
   * @throws InvalidOptionError for a name that is none
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

  /** Where the record of an id is, whether or not there is one. */
  locate (id: string, principal: Principal | null): Located {
    const owner = ownerDigest(this.namespace, principal)
    return { owner, key: recordKey(this.namespace, owner, id, this.kind) }
  }

  /** Stores a record, whose body is sealed, unless its key is taken. See `RecordStore.create`. */
  async create (record: NewRecord, limits: RecordLimits): Promise<Created> {
    return await this.availability.ask(() => this.backend.records.create(record, limits))
  }

  /** {@link create} for many at once. See `RecordStore.createMany`. */
  async createMany (records: readonly NewRecord[], limits: RecordLimits): Promise<Created[]> {
    return await this.availability.ask(() => this.backend.records.createMany(records, limits))
  }

  /** A record, without using it. */
  async read (key: RecordKey): Promise<StoredRecord | undefined> {
    return await this.availability.ask(() => this.backend.records.read(key))
  }

  /** Uses a record. See `RecordStore.touch`. */
  async fetch (key: RecordKey, version: number): Promise<'current' | StoredRecord | undefined> {
    return await this.availability.ask(() => this.backend.records.touch(key, version))
  }

  /** Changes a record whose version is known. See `RecordStore.replace`. */
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
   * {@link remove}, so that no older snapshot brings the record back either.
   *
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when it is removed, but a crash before the next export may bring it
   *   back: ask again
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

  /** Every record, or every one of an owner, page by page. */
  pages (query: { owner?: string, limit: number }): AsyncGenerator<StoredRecord[]> {
    return recordPages(this, query)
  }

  /** {@link pages} without bodies. */
  headPages (query: { owner?: string, limit: number }): AsyncGenerator<RecordHead[]> {
    return headPages({ listHeads: query => this.availability.ask(() => this.backend.records.listHeads(query)) }, query)
  }

  /** How many records there are, of one owner or of all. */
  async count (owner?: string): Promise<number> {
    return await this.availability.ask(() => this.backend.records.count(owner))
  }

  /** Seals the body of a record. */
  seal (key: RecordKey, plaintext: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return this.codec.seal(this.kind, key, plaintext)
  }

  /**
   * Opens what was sealed as this kind at this key.
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
