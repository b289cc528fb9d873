import { type Bus, type BusListener, deliver } from '@holdfast/core'

interface Subscription { listener: BusListener }

/** A bus within one process. */
export class MemoryBus implements Bus {
  readonly #channels = new Map<string, Set<Subscription>>()

  /** Delivers before it resolves, but never in the caller's own turn: no networked bus would do that. */
  async publish (channel: string, message: Uint8Array): Promise<number> {
    const subscriptions = this.#channels.get(channel)
    if (subscriptions === undefined) return 0
    const copy = new Uint8Array(message)
    await undefined
    let received = 0
    for (const subscription of [...subscriptions]) {
      if (!subscriptions.has(subscription)) continue
      received++
      deliver(subscription.listener, new Uint8Array(copy))
    }
    return received
  }

  async subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>> {
    const subscription = { listener }
    const subscriptions = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, subscriptions.add(subscription))
    return async () => {
      subscriptions.delete(subscription)
      if (subscriptions.size === 0 && this.#channels.get(channel) === subscriptions) this.#channels.delete(channel)
    }
  }

  close (): void {
    for (const subscriptions of this.#channels.values()) subscriptions.clear()
    this.#channels.clear()
  }
}
