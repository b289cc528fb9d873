import { setImmediate as turn } from 'node:timers/promises'

/**
 * Lets a server send one message per turn of the event loop. A server that sends message after message, and waits only
 * until each is sent, would otherwise never let the event loop turn.
 */
export class TurnThrottle {
  #used = false

  /** Undefined for the first message in a turn of the event loop; for others resolves in a later turn. */
  next (): Promise<void> | undefined {
    if (this.#used) return turn()
    this.#used = true
    setImmediate(() => { this.#used = false })
    return undefined
  }
}
