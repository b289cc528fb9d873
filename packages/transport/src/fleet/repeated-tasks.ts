/**
 * Repeated tasks of one process: none overlaps with itself, none keeps the process alive, none stops because it failed.
 */
export class RepeatedTasks {
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  #stopped = false

  constructor (private readonly failed: (error: unknown) => void) {}

  /** @returns runs the task at once, unless it runs already */
  every (milliseconds: number, task: () => void | Promise<void>): () => Promise<void> {
    let busy = false
    const run = async (): Promise<void> => {
      if (busy || this.#stopped) return
      busy = true
      try {
        await task()
      } catch (error) {
        this.failed(error)
      }
      busy = false
    }
    const tracked = (): Promise<void> => {
      const running = run().finally(() => this.#running.delete(running))
      this.#running.add(running)
      return running
    }
    this.#timers.push(setInterval(() => { void tracked() }, milliseconds).unref())
    return tracked
  }

  /** Resolves when nothing runs any more. */
  async stop (): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#running)
  }
}
