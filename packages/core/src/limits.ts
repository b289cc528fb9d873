import type { RecordLimits } from './backend.js'
import { HoldfastError } from './errors.js'
import type { Eviction } from './eviction.js'
import type { NewRecord } from './record.js'
import type { SealedStore } from './sealed-store.js'

/** For records that were admitted once: no other place refuses them. */
export const UNLIMITED: RecordLimits = { maxRecords: Infinity, maxPerOwner: Infinity }

export interface LimitReached {
  limit: 'maxSessions' | 'maxPerOwner'
  owner: string
  /** Whether the record was created nevertheless, because another one was evicted. */
  admitted: boolean
}

/** Creates records under two caps: one on all records, one on the records of one owner. */
export class Limits {
  /**
   * @param eviction makes room at a cap; without it, a new record is refused
   * @param onReached called when a cap is reached
   */
  constructor (
    private readonly store: SealedStore,
    private readonly caps: RecordLimits,
    private readonly eviction: Eviction | undefined,
    private readonly onReached: (reached: LimitReached) => void
  ) {}

  /** @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL */
  async create (record: NewRecord): Promise<void> {
    const { owner } = record
    let created = await this.store.create(record, this.caps)
    if (created === 'created') return
    if (created === 'exists') throw new Error('an id was minted twice')
    const limit = created === 'full' ? 'maxSessions' : 'maxPerOwner'
    if (await this.eviction?.makeRoom(owner) === true) created = await this.store.create(record, this.caps)
    const admitted = created === 'created'
    this.onReached({ limit, owner, admitted })
    if (!admitted) throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
  }
}
