import { HoldfastError } from '../errors.js'
import type { SnapshotSink } from './sink.js'

/** Milliseconds. */
const PATIENCE = 30_000

/** Gives up on a place for snapshots that takes or gives nothing any more, so that it holds up neither the next export nor a close. */
export class Stall {
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly sink: Pick<SnapshotSink, 'patience'>) {}

  /** Something was taken or given. */
  progress (): void {
    this.#timer?.refresh()
  }

  /** @throws HoldfastError HOLDFAST_SNAPSHOT_FAILED when nothing happens for too long; what the work itself fails with */
  async guard<T> (work: Promise<T>): Promise<T> {
    const late = new Promise<never>((_resolve, reject) => {
      this.#timer = setTimeout(() => reject(new HoldfastError('HOLDFAST_SNAPSHOT_FAILED', 'The place for snapshots does not answer.')), this.sink.patience ?? PATIENCE)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(this.#timer)
    }
  }
}
