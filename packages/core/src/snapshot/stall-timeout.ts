import { LONGEST_TIMER, milliseconds } from '../duration.js'
import { HoldfastError } from '../errors.js'
import type { SnapshotBytes, SnapshotSource } from './store.js'

/** Milliseconds without progress that a snapshot store may take. */
const SNAPSHOT_WAIT = 30_000

/** Gives up on a stalled snapshot store, so that it blocks neither the next export nor a close. */
export class StallTimeout {
  readonly #timeout: number
  #timer: NodeJS.Timeout | undefined

  /**
   * @param signal gives up at once when it is aborted
   * @throws InvalidOptionError
   */
  constructor (private readonly source: SnapshotSource, private readonly signal?: AbortSignal) {
    const { patience = SNAPSHOT_WAIT } = source
    const timeout = patience === Infinity ? Infinity : milliseconds(patience, 'store.patience')
    this.#timeout = Math.min(timeout, LONGEST_TIMER)
  }

  /** The store took or gave some bytes, so its time begins again. */
  progress (): void {
    this.#timer?.refresh()
  }

  /** The stored snapshot. Each chunk counts as progress. */
  async read (): Promise<SnapshotBytes | null | undefined> {
    const bytes = await this.source.read()
    return bytes === null || bytes === undefined ? bytes : this.#watched(bytes)
  }

  /**
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when there is no progress for too long
   * @throws the error of the work itself
   */
  async guard<T> (work: Promise<T>): Promise<T> {
    const ended = new AbortController()
    const late = new Promise<never>((_resolve, reject) => {
      const giveUp = (): void =>
        reject(new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', 'The snapshot store does not answer.'))
      this.#timer = setTimeout(giveUp, this.#timeout)
      this.signal?.addEventListener('abort', giveUp, { signal: ended.signal })
      if (this.signal?.aborted === true) giveUp()
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(this.#timer)
      ended.abort()
    }
  }

  async * #watched (bytes: SnapshotBytes): AsyncGenerator<Uint8Array | string> {
    for await (const chunk of bytes) {
      this.progress()
      yield chunk
    }
  }
}
