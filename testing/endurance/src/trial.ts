import { performance } from 'node:perf_hooks'

/** One run of a scenario: its volume, its progress, and what must be ended after it. */
export class Trial {
  readonly #cleanups: Array<() => unknown> = []
  readonly #began = performance.now()
  #tenths = 0

  /** @param scale share of the full volume, above 0 and at most 1 */
  constructor (readonly scale = 1, private readonly print: (line: string) => void = console.log) {}

  /** How many of `full` this run makes; at least `least`. */
  volume (full: number, least = 1): number {
    return Math.max(least, Math.ceil(full * this.scale))
  }

  /** Prints a line of progress. */
  tell (line: string): void {
    this.print(`  ${((performance.now() - this.#began) / 1000).toFixed(0).padStart(5)} s  ${line}`)
  }

  /** Prints a line of progress at each tenth of the way. */
  progress (done: number, total: number, line: string): void {
    const tenths = Math.min(10, Math.floor(10 * done / total))
    if (tenths <= this.#tenths) return
    this.#tenths = tenths
    this.tell(line)
  }

  /** Ends something after the run, whatever its outcome; the last one first. */
  defer (cleanup: () => unknown): void {
    this.#cleanups.unshift(cleanup)
  }

  /** @throws AggregateError something could not be ended */
  async end (): Promise<void> {
    const errors = []
    for (const cleanup of this.#cleanups.splice(0)) {
      try {
        await cleanup()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'the scenario left something behind')
  }
}
