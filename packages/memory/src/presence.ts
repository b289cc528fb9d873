import type { Presence } from '@holdfast/core'

/** The replicas that announced themselves, with the time until which each counts as alive. */
export class MemoryPresence implements Presence {
  readonly #until = new Map<string, number>()

  constructor (private readonly now: () => number) {}

  async announce (replica: string, ttl: number): Promise<void> {
    this.#until.set(replica, this.now() + ttl)
  }

  async isPresent (replica: string): Promise<boolean> {
    return (this.#until.get(replica) ?? -Infinity) > this.now()
  }

  async list (): Promise<string[]> {
    const now = this.now()
    for (const [replica, until] of this.#until) if (until <= now) this.#until.delete(replica)
    return [...this.#until.keys()]
  }

  async withdraw (replica: string): Promise<void> {
    this.#until.delete(replica)
  }
}
