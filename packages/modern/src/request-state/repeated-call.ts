import { setTimeout as pause } from 'node:timers/promises'
import { type RecordKey, isHoldfastError, within } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'
import type { Keeper } from '../shared/served-call.js'
import type { OnceRecord } from './once-record.js'
import type { OnceStore } from './once-store.js'

/** Bytes of an outcome that is kept, as JSON. */
const MAX_OUTCOME = 1_048_576

/** Calls in this process that go on without their clients. The front does not count them any more. */
const MAX_ALONE = 1_000

/** Milliseconds that the client's answer waits until it is kept. */
const KEEP_WAIT = 5_000

/** Milliseconds between attempts to keep an outcome: the first pause, and the longest. */
const PAUSES = { first: 250, longest: 5_000 }

/** Outcomes of this process that wait for the storage. Of further ones it is only kept that they are lost. */
const MAX_WAITING = 100

/** The first call with a state. It goes on when its client is gone, and its outcome is kept for the next calls. */
export class RepeatedCall implements Keeper {
  #timer: NodeJS.Timeout | undefined

  /**
   * @param timeout milliseconds that the call goes on when its client is gone
   * @param alone the calls of this process that go on without a client
   * @param settled called when the outcome is kept, or cannot be
   * @param life milliseconds for which the outcome is of use
   * @param waiting the calls of this process whose outcomes wait for the storage
   */
  constructor (
    private readonly store: OnceStore,
    private readonly key: RecordKey,
    private readonly timeout: number,
    private readonly alone: Set<RepeatedCall>,
    private readonly settled: () => void,
    private readonly life = 0,
    private readonly waiting = new Set<RepeatedCall>()
  ) {}

  gone (stop: () => void): void {
    if (this.#timer !== undefined) return
    if (this.alone.size >= MAX_ALONE) return stop()
    this.alone.add(this)
    this.#timer = setTimeout(stop, this.timeout).unref()
  }

  async ended (outcome: Outcome | undefined): Promise<void> {
    clearTimeout(this.#timer)
    this.alone.delete(this)
    const record = recordOf(outcome)
    if (await this.#keep(record, error => this.store.report(error))) this.settled()
    // The handler has run, so its client gets the answer. The next calls with the state get it, too, after the outage.
    else void this.#keepLater(record)
  }

  /** False when the storage is away. */
  async #keep (record: OnceRecord, failed: (error: unknown) => void = () => {}): Promise<boolean> {
    try {
      return await within(this.store.settle(this.key, record), KEEP_WAIT)
    } catch (error) {
      failed(error)
      return !isHoldfastError(error, 'HOLDFAST_BACKEND_UNAVAILABLE')
    }
  }

  async #keepLater (record: OnceRecord): Promise<void> {
    const until = performance.now() + this.life
    const kept = this.waiting.size < MAX_WAITING ? record : { state: 'lost' } as const
    this.waiting.add(this)
    for (let wait = PAUSES.first; performance.now() < until; wait = Math.min(wait * 2, PAUSES.longest)) {
      await pause(wait, undefined, { ref: false })
      if (await this.#keep(kept)) break
    }
    this.waiting.delete(this)
    this.settled()
  }
}

/** What is kept of an outcome: nothing of one that is too large, or no JSON. */
function recordOf (outcome: Outcome | undefined): OnceRecord {
  try {
    if (Buffer.byteLength(JSON.stringify(outcome ?? null)) > MAX_OUTCOME) return { state: 'lost' }
  } catch {
    // The client cannot get it, either, and the front reports that.
    return { state: 'lost' }
  }
  return outcome === undefined ? { state: 'lost' } : { state: 'ended', outcome }
}
