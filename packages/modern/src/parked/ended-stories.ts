import type { Located, RecordKey } from '@holdfast/core'

interface Ended {
  readonly owner: string
  /** By the monotonic clock. */
  readonly until: number
}

/** Stands for callers without a principal. */
const NOBODY = ''

/** How many ended stories a process keeps. */
export interface KeptStories {
  /** Of each owner. */
  perOwner: number
  /** Of callers without a principal, together. */
  ofNobody: number
}

/**
 * The stories of this process that have ended. They stay for clients that ask again. The oldest ones make room: those
 * of an owner for its own next ones, so that they never fill its share of the storage, whichever replicas it calls.
 */
export class EndedStories {
  /** All of them, the oldest first. */
  readonly #all = new Map<RecordKey, Ended>()
  readonly #perOwner = new Map<string, Set<RecordKey>>()

  /** @param lifetime milliseconds until the backend removes a story by itself */
  constructor (private readonly lifetime: number, private readonly most: KeptStories) {}

  get size (): number { return this.#all.size }

  /** @returns the story that has to go for it, which is not known here any more */
  add ({ key, owner }: Located, now = performance.now()): RecordKey | undefined {
    for (const [oldest, { until }] of this.#all) {
      if (now < until) break
      this.#delete(oldest)
    }
    this.#all.set(key, { owner, until: now + this.lifetime })
    const own = this.#perOwner.get(owner)
    if (own === undefined) this.#perOwner.set(owner, new Set([key]))
    else own.add(key)
    const { perOwner, ofNobody } = this.most
    return own !== undefined && own.size > (owner === NOBODY ? ofNobody : perOwner) ? this.take(owner) : undefined
  }

  /** The oldest one of an owner; undefined when there is none. It is not known here any more. */
  take (owner: string): RecordKey | undefined {
    const [oldest] = this.#perOwner.get(owner) ?? []
    if (oldest !== undefined) this.#delete(oldest)
    return oldest
  }

  /** One of nobody, or else the oldest one; undefined when there is none. It is not known here any more. */
  takeAny (): RecordKey | undefined {
    const ofNobody = this.take(NOBODY)
    if (ofNobody !== undefined) return ofNobody
    const [oldest] = this.#all.keys()
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
