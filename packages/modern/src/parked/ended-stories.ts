import type { Located, RecordKey } from '@holdfast/core'

interface Ended {
  readonly owner: string
  /** By the monotonic clock. */
  readonly until: number
}

/**
 * The stories of this process that have ended. They stay for clients that ask again, and the oldest ones make room for
 * calls that want to ask. As many as there are records.
 */
export class EndedStories {
  /** All of them, the oldest first. */
  readonly #all = new Map<RecordKey, Ended>()
  readonly #perOwner = new Map<string, Set<RecordKey>>()

  /** @param lifetime milliseconds until the backend removes a story by itself */
  constructor (private readonly lifetime: number) {}

  get size (): number { return this.#all.size }

  add ({ key, owner }: Located, now = performance.now()): void {
    for (const [oldest, { until }] of this.#all) {
      if (now < until) break
      this.#delete(oldest)
    }
    this.#all.set(key, { owner, until: now + this.lifetime })
    const own = this.#perOwner.get(owner)
    if (own === undefined) this.#perOwner.set(owner, new Set([key]))
    else own.add(key)
  }

  /** The oldest one of the owner; undefined when there is none. It is not known here any more. */
  take (owner: string): RecordKey | undefined {
    const [oldest] = this.#perOwner.get(owner) ?? []
    if (oldest !== undefined) this.#delete(oldest)
    return oldest
  }

  #delete (key: RecordKey): void {
    const { owner } = this.#all.get(key) as Ended
    this.#all.delete(key)
    const own = this.#perOwner.get(owner) as Set<RecordKey>
    own.delete(key)
    if (own.size === 0) this.#perOwner.delete(owner)
  }
}
