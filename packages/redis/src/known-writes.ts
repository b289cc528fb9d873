import type { RecordKey } from '@holdfast/core'

/** Equals no write id. */
const NO_WRITE = '-'
/** Records in a generation. */
const GENERATION_SIZE = 10_000

interface KnownWrite {
  version: number
  writeId: string
}

/**
 * For each record that this process has read or written: the id of the write that made its version. After a failover, a
 * record may reach the same version number again with other content. The scripts distinguish the two by the write id.
 * Memory is bounded by two generations: when the younger one is full, the older one is dropped.
 */
export class KnownWrites {
  #young = new Map<RecordKey, KnownWrite>()
  #old = new Map<RecordKey, KnownWrite>()

  /** The write id of this version; `''` when it is not known. */
  of (key: RecordKey, version: number): string {
    const known = this.#young.get(key) ?? this.#old.get(key)
    return known?.version === version ? known.writeId : ''
  }

  /** If two writes made the same version, callers may hold either of them. From then on neither is current. */
  learn (key: RecordKey, version: number, writeId: string): void {
    const known = this.of(key, version)
    this.#young.set(key, { version, writeId: known === '' || known === writeId ? writeId : NO_WRITE })
    if (this.#young.size < GENERATION_SIZE) return
    this.#old = this.#young
    this.#young = new Map()
  }

  forget (key: RecordKey): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
