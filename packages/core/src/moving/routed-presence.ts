import type { Presence } from '../backend.js'
import type { Routing } from './routing.js'

/** The presence of the serving backend. It knows which replicas belong to this process. */
export class RoutedPresence implements Presence {
  /** The replicas of this process, with their times to live. */
  readonly #own = new Map<string, number>()
  /** Whether replicas of other processes were present when this process last announced one of its own. */
  crowded = false

  constructor (private readonly router: Routing) {}

  async announce (replica: string, ttl: number): Promise<void> {
    await this.router.ask(async ({ presence }) => {
      await presence.announce(replica, ttl)
      this.#own.set(replica, ttl)
      this.crowded = this.#others(await presence.list()).length > 0
    })
  }

  async isPresent (replica: string): Promise<boolean> {
    return await this.router.ask(async ({ presence }) => await presence.isPresent(replica))
  }

  async list (): Promise<string[]> {
    return await this.router.ask(async ({ presence }) => await presence.list())
  }

  async withdraw (replica: string): Promise<void> {
    await this.router.ask(async ({ presence }) => { await presence.withdraw(replica) })
    this.#own.delete(replica)
  }

  /** The replicas of other processes. */
  async others (): Promise<string[]> {
    return this.#others(await this.list())
  }

  /** Announces the replicas of this process. */
  async announceAt (presence: Presence): Promise<void> {
    for (const [replica, ttl] of this.#own) await presence.announce(replica, ttl)
  }

  #others (present: string[]): string[] {
    return present.filter(replica => !this.#own.has(replica))
  }
}
