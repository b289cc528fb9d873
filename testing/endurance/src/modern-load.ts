import { setTimeout as pause } from 'node:timers/promises'
import type { Caller } from '@holdfast/two-eras/modern-caller'
import { carriesItsNonce } from '@holdfast/two-eras/nonce-load'

/** Milliseconds that a call takes, at most. */
const LASTS = 50
/** Milliseconds between two calls of one hand. */
const BETWEEN = 5

/** Plain modern calls without an end, through one place. The first that fails is remembered. */
export class ModernLoad {
  readonly #over = new AbortController()
  readonly #hands: Array<Promise<void>>
  readonly failures: string[] = []
  #served = 0

  constructor (url: URL, callers: readonly Caller[], hands: number) {
    this.#hands = Array.from({ length: hands }, async (_, n) => {
      await this.#run(url, callers[n % callers.length] as Caller, n)
    })
  }

  get served (): number { return this.#served }

  /** Resolves when nothing is under way any more. */
  async stop (): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#hands)
  }

  async #run (url: URL, caller: Caller, hand: number): Promise<void> {
    for (let id = hand; !this.#over.signal.aborted; id++) {
      await carriesItsNonce(url, caller, id, LASTS).then(() => { this.#served++ }, (error: Error) => {
        this.failures.push(error.message)
      })
      await pause(BETWEEN)
    }
  }
}
