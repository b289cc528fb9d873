import { type RecordKey, within } from '@holdfast/core'
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

/** The first call with a state. It goes on when its client is gone, and its outcome is kept for the next calls. */
export class RepeatedCall implements Keeper {
  #timer: NodeJS.Timeout | undefined

  /**
   * @param timeout milliseconds that the call goes on when its client is gone
   * @param alone the calls of this process that go on without a client
   * @param settled called when the outcome is kept, or cannot be
   */
  constructor (
    private readonly store: OnceStore,
    private readonly key: RecordKey,
    private readonly timeout: number,
    private readonly alone: Set<RepeatedCall>,
    private readonly settled: () => void
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
    try {
      await within(this.store.settle(this.key, recordOf(outcome)), KEEP_WAIT)
    } catch (error) {
      // The handler has run, so its client gets the answer.
      this.store.report(error)
    } finally {
      this.settled()
    }
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
