/**
 * The repeated tasks of one process. A task never overlaps with itself, does not keep the process alive, and goes on
 * after a failure.
 */
export class RepeatedTasks {
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  #stopped = false

  constructor (private readonly failed: (error: unknown) => void) {}

  /** @returns a function that runs the task at once, unless the task runs already */
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

  /** Resolves when no task runs any more. */
  async stop (): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#running)
  }
}
