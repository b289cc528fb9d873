import type { RecordKey } from '@holdfast/core'

/** Matches no write id. */
const NONE = '-'
/** Records in a generation. */
const MOST = 10_000

interface Stamp {
  version: number
  writeId: string
}

/**
 * Which write made the version of a record that this process was given. After a failover a record may reach the same
 * version number again with other content; by the write the scripts tell the two apart. Two generations: with a younger
 * one full, the older is forgotten.
 */
export class Stamps {
  #young = new Map<RecordKey, Stamp>()
  #old = new Map<RecordKey, Stamp>()

  /** `''` when nothing is known. */
  of (key: RecordKey, version: number): string {
    const known = this.#young.get(key) ?? this.#old.get(key)
    return known?.version === version ? known.writeId : ''
  }

  /** Two writes of one version: callers may hold either, so from now on neither is current. */
  learn (key: RecordKey, version: number, writeId: string): void {
    const known = this.of(key, version)
    this.#young.set(key, { version, writeId: known === '' || known === writeId ? writeId : NONE })
    if (this.#young.size < MOST) return
    this.#old = this.#young
    this.#young = new Map()
  }

  forget (key: RecordKey): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
