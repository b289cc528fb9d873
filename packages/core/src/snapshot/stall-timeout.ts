import { LONGEST_TIMER } from '../duration.js'
import { HoldfastError, InvalidOptionError } from '../errors.js'
import type { SnapshotBytes, SnapshotSource } from './store.js'

/** Milliseconds. */
const PATIENCE = 30_000

/**
 * Gives up on a place for snapshots that takes or gives nothing any more, so that it holds up neither
 * the next export nor a close.
 */
export class Stall {
  readonly #patience: number
  #timer: NodeJS.Timeout | undefined

  /**
   * @param signal gives up at once
   * @throws InvalidOptionError
   */
  constructor (private readonly source: SnapshotSource, private readonly signal?: AbortSignal) {
    const { patience = PATIENCE } = source
    if (!(typeof patience === 'number' && patience >= 1)) {
      throw new InvalidOptionError('sink.patience', 'expected a number of at least 1')
    }
    this.#patience = Math.min(patience, LONGEST_TIMER)
  }

  /** Something was taken or given. */
  progress (): void {
    this.#timer?.refresh()
  }

  /** What the place holds, each chunk of which is progress. */
  async read (): Promise<SnapshotBytes | null | undefined> {
    const bytes = await this.source.read()
    return bytes === null || bytes === undefined ? bytes : this.#watched(bytes)
  }

  /**
   * @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when nothing happens for too long; what the work itself fails with
   */
  async guard<T> (work: Promise<T>): Promise<T> {
    const ended = new AbortController()
    const late = new Promise<never>((_resolve, reject) => {
      const giveUp = (): void =>
        reject(new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', 'The place for snapshots does not answer.'))
      this.#timer = setTimeout(giveUp, this.#patience)
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
