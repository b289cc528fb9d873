import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds between an answer and the next question; less than the replicas' HOLDFAST_DRAIN_DELAY. */
const INTERVAL = 100
/** Milliseconds that a replica has for an answer: one that computes is late, not gone. */
const ANSWER_WAIT = 5_000

/** Asks each replica over and over whether it is ready, one question at a time. */
export class Readiness {
  readonly #ready: Set<URL>
  readonly #changes = new EventEmitter()
  readonly #stopped = new AbortController()

  constructor (replicas: readonly URL[]) {
    this.#ready = new Set(replicas)
    for (const replica of replicas) void this.#watch(replica)
  }

  /** Those that are, in their order. */
  get ready (): URL[] { return [...this.#ready] }

  /** Resolves when exactly so many are. */
  async count (wanted: number): Promise<void> {
    while (this.#ready.size !== wanted) await once(this.#changes, 'change')
  }

  /** A replica took no connection: it is not ready until it says so. */
  refused (replica: URL): void {
    this.#note(replica, false)
  }

  stop (): void {
    this.#stopped.abort()
  }

  async #watch (replica: URL): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      const ready = await isReady(replica, signal)
      if (!signal.aborted) this.#note(replica, ready)
      await setTimeout(INTERVAL, undefined, { ref: false, signal }).catch(() => {})
    }
  }

  #note (replica: URL, ready: boolean): void {
    const before = this.#ready.size
    if (ready) this.#ready.add(replica)
    else this.#ready.delete(replica)
    if (this.#ready.size !== before) this.#changes.emit('change')
  }
}

async function isReady (replica: URL, stopped: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(ANSWER_WAIT)])
  return await fetch(new URL('/health/ready', replica), { signal }).then(async response => {
    await response.body?.cancel()
    return response.ok
  }, () => false)
}
