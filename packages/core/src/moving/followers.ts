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

  #add (partition: string, key: RecordKey, change: Change): void {
    for (const follower of this.#all) follower.add(partition, key, change)
  }
}
