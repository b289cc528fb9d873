import { ownerName } from '@holdfast/core'
import { Admission } from './admission.js'
import type { Exchange } from './exchange.js'

/** The calls that run in this process. */
export class RunningCalls {
  readonly #calls = new Map<Exchange, string>()
  readonly #admission: Admission
  #idle: Array<() => void> = []

  /** @param size calls at the same time */
  constructor (size: number) {
    this.#admission = new Admission(size)
  }

  get size (): number { return this.#calls.size }

  /** Whether a call may run. If so, it must leave. */
  enter (call: Exchange): boolean {
    const owner = ownerName(call.inbound.principal)
    if (!this.#admission.enter(owner)) return false
    this.#calls.set(call, owner)
    return true
  }

  leave (call: Exchange): void {
    this.#admission.leave(this.#calls.get(call) as string)
    this.#calls.delete(call)
    if (this.#calls.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Resolves when none runs. */
  async idle (): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>(resolve => { this.#idle.push(resolve) })
  }

  /** This process ends. */
  stop (): void {
    for (const call of [...this.#calls.keys()]) call.stop('closing')
  }
}
