import { type RecordKey, within } from '@holdfast/core'
import type { Outcome } from '../modern-call.js'
import type { Keeper } from '../shared/served-call.js'
import type { OnceStore } from './once-store.js'

/** Bytes of an outcome that is kept, as JSON. */
const MAX_OUTCOME = 1_048_576

/** Milliseconds that the client's answer waits until it is kept. */
const KEEP_WAIT = 5_000

/** The first call with a state. It goes on when its client is gone, and its outcome is kept for the next calls. */
export class RepeatedCall implements Keeper {
  #timer: NodeJS.Timeout | undefined

  /**
   * @param timeout milliseconds that the call goes on when its client is gone
   * @param settled called when the outcome is kept, or cannot be
   */
  constructor (
    private readonly store: OnceStore,
    private readonly key: RecordKey,
    private readonly timeout: number,
    private readonly settled: () => void
  ) {}

  gone (stop: () => void): void {
    this.#timer ??= setTimeout(stop, this.timeout).unref()
  }

  async ended (outcome: Outcome | undefined): Promise<void> {
    clearTimeout(this.#timer)
    const kept = outcome !== undefined && Buffer.byteLength(JSON.stringify(outcome)) <= MAX_OUTCOME
    try {
      await within(this.store.settle(this.key, kept ? { state: 'ended', outcome } : { state: 'lost' }), KEEP_WAIT)
    } catch (error) {
      // The handler has run, so its client gets the answer.
      this.store.report(error)
    } finally {
      this.settled()
    }
  }
}
