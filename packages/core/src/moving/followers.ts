import type { Backend, BackendStatus } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { Follower } from './follower.js'
import { Router } from './router.js'

/** The copies that follow the serving backend. */
export class Followers {
  readonly router: Router
  #all: readonly Follower[] = []

  constructor (serving: Backend) {
    this.router = new Router(serving, {
      onWrite: (partition, key, change) => { this.#add(partition, key, change) }
    })
  }

  get all (): readonly Follower[] { return this.#all }

  /** How far the copy that is furthest behind is behind. */
  get lag (): Pick<BackendStatus, 'lag'> {
    const lags = this.#all.map(({ lag }) => lag)
    if (lags.length === 0) return {}
    return {
      lag: {
        pending: Math.max(...lags.map(({ pending }) => pending)),
        age: Math.max(...lags.map(({ age }) => age))
      }
    }
  }

  follow (copy: Backend): Follower {
    const follower = new Follower(copy, () => this.router.serving)
    this.#all = [...this.#all, follower]
    return follower
  }

  async unfollow (follower: Follower): Promise<void> {
    this.#all = this.#all.filter(other => other !== follower)
    await follower.stop()
  }

  /**
   * Makes a follower's copy the serving backend as soon as the copy lacks nothing. Calls wait for the last changes, no
   * longer than one attempt takes.
   *
   * @param onServed called with the backend that served before, before any write to the new serving backend
   */
  async handOver (follower: Follower, onServed: (before: Backend) => void = () => {}): Promise<void> {
    await follower.caughtUp()
    await this.router.exclusively(async () => {
      await follower.settled()
      await this.#serveFrom(follower, onServed)
    })
  }

  /**
   * {@link handOver} for a primary that does not come back. Afterwards each of the two backends may lack changes that
   * the other has.
   *
   * @returns how many records lack a change at the follower's copy
   */
  async handOverAsItIs (follower: Follower, onServed: (before: Backend) => void): Promise<number> {
    return await this.router.exclusively(async () => {
      const lacking = await follower.giveUp()
      await this.#serveFrom(follower, onServed)
      return lacking
    })
  }

  async #serveFrom (follower: Follower, onServed: (before: Backend) => void): Promise<void> {
    const before = this.router.serving
    await this.router.serveFrom(follower.copy)
    await this.unfollow(follower)
    onServed(before)
  }

  #add (partition: string, key: RecordKey, change: Change): void {
    for (const follower of this.#all) follower.add(partition, key, change)
  }
}
