import { setTimeout as pause } from 'node:timers/promises'
import { type RecordKey, isHoldfastError } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'
import type { ServedCall } from '../shared/served-call.js'
import type { OnceStore } from './once-store.js'
import { RepeatedCall } from './repeated-call.js'
import type { StatePlace } from './state-place.js'
import { FIRST_GONE, STILL_RUNNING, StateRefused, UNKNOWN_END, USED } from './state-refusals.js'

/** Milliseconds between looks at a call that runs: the first pause, and the longest. */
const PAUSES = { first: 25, longest: 500 }

/** Lets one call use a state, in the whole fleet. Others are refused, or get the outcome of the first. */
export class Once {
  /** The first calls that run in this process. */
  readonly #running = new Set<RecordKey>()
  /** Those whose clients are gone. */
  readonly #alone = new Set<RepeatedCall>()
  /** Those whose outcomes are not stored yet. */
  readonly #waiting = new Set<RepeatedCall>()

  /**
   * @param timeout milliseconds that another call waits for the first one, and that the first one goes on without its
   *   client
   */
  constructor (
    private readonly store: OnceStore,
    private readonly mode: 'reject' | 'repeat',
    private readonly timeout: number
  ) {}

  /**
   * Returns for the first call.
   *
   * @param life milliseconds until the state expires
   * @throws StateRefused for every other call
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE, HOLDFAST_BACKEND_FULL, HOLDFAST_LIMIT_REACHED
   */
  async use (text: string, { principal }: StatePlace, served: ServedCall, life: number): Promise<void> {
    const { key, first } = await this.store.claim(text, principal, life)
    if (!first) throw new StateRefused(this.mode === 'reject' ? USED : await this.#outcomeOfFirst(key, served))
    if (this.mode === 'reject') return
    this.#running.add(key)
    const keeper = new RepeatedCall(
      this.store, key, this.timeout, this.#alone, () => this.#running.delete(key), life, this.#waiting
    )
    served.keeper = keeper
    // The call may have been cancelled during the claim. Then nobody else tells how it ended.
    if (served.isOver) {
      await keeper.ended(undefined)
      throw new StateRefused()
    }
  }

  async #outcomeOfFirst (key: RecordKey, served: ServedCall): Promise<Outcome> {
    const deadline = performance.now() + this.timeout
    let absent = 0
    for (let wait = PAUSES.first; !served.isOver; wait = Math.min(wait * 2, PAUSES.longest)) {
      // Before the record is read: a call leaves this set only after its record tells its end.
      const here = this.#running.has(key)
      const record = await this.#read(key)
      if (record === undefined) throw new StateRefused()
      if (record.state === 'ended') return record.outcome
      if (record.state === 'lost') return UNKNOWN_END
      const isOwn = record.replica === this.store.replica
      absent = (isOwn ? here : await this.store.isPresent(record.replica)) ? 0 : absent + 1
      // Twice, because a process is absent for a moment when the backend was away.
      if (absent > 1) return isOwn ? UNKNOWN_END : FIRST_GONE
      if (performance.now() + wait > deadline) break
      await pause(wait)
    }
    return STILL_RUNNING
  }

  async #read (key: RecordKey): ReturnType<OnceStore['read']> {
    try {
      return await this.store.read(key)
    } catch (error) {
      // The record was damaged.
      if (isHoldfastError(error, 'HOLDFAST_INVALID_STATE')) return { state: 'lost' }
      throw error
    }
  }
}
