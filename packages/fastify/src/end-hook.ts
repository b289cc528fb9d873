import type { OnEnd } from '@holdfast/core'

/** Runs the option `onEnd`, so that a closing app can wait for it. */
export class EndHook {
  readonly #running = new Set<Promise<void>>()

  constructor (private readonly onEnd: OnEnd) {}

  readonly run: OnEnd = async (session, reason) => {
    const running = (async () => { await this.onEnd(session, reason) })()
    const settled = running.catch(() => {}).finally(() => this.#running.delete(settled))
    this.#running.add(settled)
    await running
  }

  /** Resolves when it runs for no session any more. */
  async idle (): Promise<void> {
    await Promise.all(this.#running)
  }
}
