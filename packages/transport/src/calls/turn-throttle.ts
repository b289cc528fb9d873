import { setImmediate as turn } from 'node:timers/promises'

/**
 * Lets the event loop turn between messages: who sends one after the other, and is told at once that each is sent,
 * would never let it.
 */
export class Pace {
  #said = false

  /** Undefined for the first message of a turn of the event loop; for others resolves in a later one. */
  next (): Promise<void> | undefined {
    if (this.#said) return turn()
    this.#said = true
    setImmediate(() => { this.#said = false })
    return undefined
  }
}
