import { setImmediate } from 'node:timers/promises'
import type { Sessions } from './sessions.js'

/** Sweeps again and again, on a timer that is jittered and never keeps the process alive. */
export class Sweeper {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = true

  /** @param interval milliseconds. Default: a quarter of the shorter time to live, between 250 ms and 15 s. */
  constructor (
    private readonly sessions: Sessions,
    private readonly interval = Math.max(250, Math.min(15_000, Math.min(sessions.idle, sessions.absolute) / 4))
  ) {}

  start (): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#schedule()
  }

  /** Resolves when a sweep that was under way has ended. */
  async stop (): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule (): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#sweep().finally(() => { if (!this.#stopped) this.#schedule() })
    }, this.interval * (0.8 + Math.random() * 0.4))
    this.#timer.unref()
  }

  async #sweep (): Promise<void> {
    try {
      while (!this.#stopped && (await this.sessions.sweep()).more) await setImmediate()
    } catch (error) {
      // While the backend is down its own event has been emitted; the next tick tries again.
      if (!this.sessions.availability.down) this.sessions.emit('error', { error })
    }
  }
}
