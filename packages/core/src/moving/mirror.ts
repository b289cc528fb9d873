import type { Backend, BackendStatus } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { Follower } from './follower.js'
import { Router } from './router.js'

/** A backend that serves, and others that follow it. */
export abstract class Mirror extends Router {
  protected followers: readonly Follower[] = []

  override wrote (key: RecordKey, change: Change): void {
    for (const follower of this.followers) follower.mark(key, change)
  }

  override status (): BackendStatus {
    const lags = this.followers.map(({ lag }) => lag)
    if (lags.length === 0) return super.status()
    return { ...super.status(), lag: { pending: Math.max(...lags.map(({ pending }) => pending)), age: Math.max(...lags.map(({ age }) => age)) } }
  }

  protected follow (replica: Backend): Follower {
    const follower = new Follower(replica, () => this.serving)
    this.followers = [...this.followers, follower]
    return follower
  }

  protected async unfollow (follower: Follower): Promise<void> {
    this.followers = this.followers.filter(one => one !== follower)
    await follower.stop()
  }

  /** Lets a replica serve as soon as it lacks nothing. Calls wait for the last of it, no longer than one attempt takes. */
  protected async handOver (follower: Follower): Promise<void> {
    await follower.caughtUp()
    await this.gate.alone(async () => {
      await follower.settled()
      await this.#serve(follower, false)
    })
  }

  /** @returns sessions of which the replica lacks something */
  protected async handOverAsItIs (follower: Follower): Promise<number> {
    return await this.gate.alone(async () => {
      const lacking = await follower.giveUp()
      await this.#serve(follower, true)
      return lacking
    })
  }

  /**
   * Called before anything is written to what serves now.
   *
   * @param _asItIs whether it may lack something that the one before has, and the other way round
   */
  protected served (_before: Backend, _asItIs: boolean): void {}

  async #serve (follower: Follower, asItIs: boolean): Promise<void> {
    const before = this.serving
    await this.flip(follower.replica)
    await this.unfollow(follower)
    this.served(before, asItIs)
  }
}
