import type { IdleRecord } from './backend.js'
import type { RecordKey } from './record.js'
import type { SealedStore } from './sealed-store.js'
import { TokenBucket } from './token-bucket.js'

/** Milliseconds since its last use for which a session on a shared backend may be in use by another process. */
const RECENT_USE = 60_000
/** Milliseconds since its last use after which a session without a principal makes room for another one of those. */
const NAMELESS_UNUSED = 600_000
/**
 * Sessions without a principal that one process evicts in a second. Whoever wants to flush them out
 * needs as many places for himself.
 */
const NAMELESS_RATE = 10
/** Candidates: enough nearly always, and all that are looked at. */
const AMOUNTS = [20, 1_000]

/**
 * Makes room for a new session at a cap. Of a principal's sessions the longest idle one goes; the cap on all sessions
 * takes nobody else's. Sessions without a principal may be anybody's, so of these only one goes that nobody has used
 * for ten minutes, at a bounded rate.
 */
export class Eviction {
  readonly #nameless = new TokenBucket(NAMELESS_RATE)

  /**
   * @param idle milliseconds without use after which a record expires
   * @param inUse whether this process is using a record just now: such a one stays
   * @param evict ends a record; false when it was gone
   */
  constructor (
    private readonly store: SealedStore,
    private readonly idle: number,
    private readonly inUse: (key: RecordKey) => boolean,
    private readonly evict: (key: RecordKey, owner: string) => Promise<boolean>
  ) {}

  /**
   * @param owner whose session is to begin, `''` for nobody
   * @returns whether a session was evicted
   */
  async makeRoom (owner: string): Promise<boolean> {
    if (owner === '' && !this.#nameless.take()) return false
    const { availability, backend } = this.store
    const tried = new Set<string>()
    for (const limit of AMOUNTS) {
      const query = { owner, unusedFor: this.#unusedFor(owner), limit }
      const idle: IdleRecord[] = await availability.ask(() => backend.records.idlest(query))
      for (const { key } of idle) {
        if (tried.has(key)) continue
        tried.add(key)
        if (!this.inUse(key) && await this.evict(key, owner)) return true
      }
      if (idle.length < limit) return false
    }
    return false
  }

  #unusedFor (owner: string): number {
    if (owner === '') return NAMELESS_UNUSED
    return this.store.backend.shared ? Math.min(RECENT_USE, this.idle / 2) : 0
  }
}
