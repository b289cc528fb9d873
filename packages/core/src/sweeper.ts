import { setImmediate } from 'node:timers/promises'
import { type Duration, LONGEST_TIMER, milliseconds } from './duration.js'
import type { Sessions } from './sessions.js'
import { within } from './within.js'

/** Milliseconds. */
const PATIENCE = 5_000

/** Sweeps again and again, on a timer that is jittered and never keeps the process alive. */
export class Sweeper {
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = true

  /**
   * @param interval default: a quarter of the shorter time to live, between 250 ms and 15 s
   * @throws InvalidOptionError
   */
  constructor (
    private readonly sessions: Sessions,
    interval: Duration = Math.max(250, Math.min(15_000, Math.floor(Math.min(sessions.idle, sessions.absolute) / 4)))
  ) {
    this.#interval = milliseconds(interval, 'interval')
  }

  start (): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#schedule()
  }

  /** Resolves when a sweep that was under way has ended, or after five seconds: one that its backend never answers holds nobody up. */
  async stop (): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await within(this.#running, PATIENCE)
  }

  #schedule (): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(async () => await this.#sweep())
    }, Math.min(LONGEST_TIMER, this.#interval * (0.8 + Math.random() * 0.4))).unref()
  }

  async #sweep (): Promise<void> {
    try {
      while (!this.#stopped && (await this.sessions.sweep()).more) await setImmediate()
    } catch (error) {
      this.sessions.report(error)
    }
    if (!this.#stopped) this.#schedule()
  }
}
