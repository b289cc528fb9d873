import type { Backend, BackendStatus } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { Follower } from './follower.js'
import { Router } from './router.js'

/** Backends that follow the one that serves. */
export class Followers {
  readonly router: Router
  #all: readonly Follower[] = []

  constructor (serving: Backend) {
    this.router = new Router(serving, {
      onWrite: (partition, key, change) => { this.#mark(partition, key, change) }
    })
  }

  get all (): readonly Follower[] { return this.#all }

  /** How far the one is behind that is furthest. */
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
    this.#all = this.#all.filter(one => one !== follower)
    await follower.stop()
  }

  /**
   * Lets a follower serve as soon as it lacks nothing. Calls wait for the last of it, no longer than one attempt takes.
   *
   * @param onServed called before anything is written to what serves now, with what served before
   */
  async handOver (follower: Follower, onServed: (before: Backend) => void = () => {}): Promise<void> {
    await follower.caughtUp()
    await this.router.alone(async () => {
      await follower.settled()
      await this.#serve(follower, onServed)
    })
  }

  /**
   * {@link handOver} for a primary that is not coming back: each may lack something that the other has.
   *
   * @returns records of which the follower lacks something
   */
  async handOverAsItIs (follower: Follower, onServed: (before: Backend) => void): Promise<number> {
    return await this.router.alone(async () => {
      const lacking = await follower.giveUp()
      await this.#serve(follower, onServed)
      return lacking
    })
  }

  async #serve (follower: Follower, onServed: (before: Backend) => void): Promise<void> {
    const before = this.router.serving
    await this.router.flip(follower.copy)
    await this.unfollow(follower)
    onServed(before)
  }

  #mark (partition: string, key: RecordKey, change: Change): void {
    for (const follower of this.#all) follower.mark(partition, key, change)
  }
}
