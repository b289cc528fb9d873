import type { Presence } from '../backend.js'
import type { Route } from './routing.js'

/** The presence of whichever backend serves. It knows which replicas are of this process. */
export class RoutedPresence implements Presence {
  /** With their times to live. */
  readonly #own = new Map<string, number>()
  /** Whether other replicas were there when the last one of this process was announced. */
  crowded = false

  constructor (private readonly router: Route) {}

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

  /** Replicas that are not of this process. */
  async others (): Promise<string[]> {
    return this.#others(await this.list())
  }

  /** Announces what is of this process. */
  async announceAt (presence: Presence): Promise<void> {
    for (const [replica, ttl] of this.#own) await presence.announce(replica, ttl)
  }

  #others (present: string[]): string[] {
    return present.filter(replica => !this.#own.has(replica))
  }
}
