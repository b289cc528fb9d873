import type { IdleRecord } from './backend.js'
import type { RecordKey } from './record.js'
import type { SealedStore } from './sealed-store.js'
import { TokenBucket } from './token-bucket.js'

/** Milliseconds after its last use in which another process may still use a session of a shared backend. */
const RECENT_USE = 60_000
/** Milliseconds without use after which a session without a principal may be evicted for another such session. */
const ANONYMOUS_IDLE = 600_000
/**
 * Sessions without a principal that one process evicts per second. An attacker who wants to flush them all out needs as
 * many sessions of his own.
 */
const ANONYMOUS_RATE = 10
/** Candidates to look at: nearly always enough, and the maximum. */
const CANDIDATES = [20, 1_000]

/**
 * Makes room for a new session at a cap, by ending the longest idle session of the same principal: never a session of
 * another principal, not even at the cap on all sessions. Sessions without a principal may belong to anybody. So one of
 * them is ended only after ten minutes without use, and at a bounded rate.
 */
export class Eviction {
  readonly #anonymous = new TokenBucket(ANONYMOUS_RATE)

  /**
   * @param idle milliseconds without use after which a record expires
   * @param inUse whether this process uses a record at the moment; such a record stays
   * @param evict ends a record; false when there was none
   */
  constructor (
    private readonly store: SealedStore,
    private readonly idle: number,
    private readonly inUse: (key: RecordKey) => boolean,
    private readonly evict: (key: RecordKey, owner: string) => Promise<boolean>
  ) {}

  /**
   * @param owner the owner of the new session, `''` for nobody
   * @returns whether a session was evicted
   */
  async makeRoom (owner: string): Promise<boolean> {
    if (owner === '' && !this.#anonymous.take()) return false
    const { availability, backend } = this.store
    const tried = new Set<string>()
    for (const limit of CANDIDATES) {
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
    if (owner === '') return ANONYMOUS_IDLE
    return this.store.backend.shared ? Math.min(RECENT_USE, this.idle / 2) : 0
  }
}
