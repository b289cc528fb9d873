import type { RecordLimits } from './backend.js'
import { HoldfastError } from './errors.js'
import type { Eviction } from './eviction.js'
import type { NewRecord } from './record.js'
import type { SealedStore } from './sealed-store.js'

/** For records that were admitted once: they are not refused elsewhere. */
export const UNLIMITED: RecordLimits = { maxRecords: Infinity, maxPerOwner: Infinity }

export interface LimitReached {
  limit: 'maxSessions' | 'maxPerOwner'
  owner: string
  /** Another record was evicted, so this one was created all the same. */
  admitted: boolean
}

/** Creates records under caps: on all, and on those of one owner. */
export class Limits {
  /**
   * @param eviction makes room at a cap; without it a cap refuses
   * @param onReached told when a cap is met
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
