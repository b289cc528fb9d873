import { EventEmitter, once } from 'node:events'

/** Milliseconds between two questions; less than the replicas' HOLDFAST_DRAIN_DELAY. */
const INTERVAL = 100
const PATIENCE = 1_000

/** Asks each replica over and over whether it is ready. */
export class Readiness {
  readonly #ready: Set<URL>
  readonly #changes = new EventEmitter()
  readonly #timers: NodeJS.Timeout[]

  constructor (replicas: readonly URL[]) {
    this.#ready = new Set(replicas)
    this.#timers = replicas.map(replica => setInterval(() => { void this.#ask(replica) }, INTERVAL).unref())
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
    this.#timers.forEach(clearInterval)
  }

  async #ask (replica: URL): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE)
    const ready = await fetch(new URL('/health/ready', replica), { signal }).then(async response => {
      await response.body?.cancel()
      return response.ok
    }, () => false)
    this.#note(replica, ready)
  }

  #note (replica: URL, ready: boolean): void {
    const before = this.#ready.size
    if (ready) this.#ready.add(replica)
    else this.#ready.delete(replica)
    if (this.#ready.size !== before) this.#changes.emit('change')
  }
}
