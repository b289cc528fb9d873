import type { RecordKey } from '@holdfast/core'

/** Matches no write id. */
const NONE = '-'
const MOST = 10_000

/**
 * Which write made the version of a record that this process was given. After a failover a record may reach the same version
 * number again with other content; by the write the scripts tell the two apart.
 */
export class Stamps {
  readonly #known = new Map<RecordKey, { version: number, writeId: string }>()

  /** `''` when nothing is known. */
  of (key: RecordKey, version: number): string {
    const known = this.#known.get(key)
    return known?.version === version ? known.writeId : ''
  }

  /** Two writes of one version: callers may hold either, so from now on neither is current. */
  learn (key: RecordKey, version: number, writeId: string): void {
    const known = this.of(key, version)
    this.#known.delete(key)
    this.#known.set(key, { version, writeId: known === '' || known === writeId ? writeId : NONE })
    if (this.#known.size > MOST) this.forget(this.#known.keys().next().value as RecordKey)
  }

  forget (key: RecordKey): void {
    this.#known.delete(key)
  }
}
