import type { Bus, BusListener } from '../backend.js'
import type { Routing } from './routing.js'

interface Subscription {
  channel: string
  listener: BusListener
  /** By bus: the function that unsubscribes there. */
  leave: Map<Bus, () => Promise<void>>
  over: boolean
}

/** The bus of the serving backend. When another backend takes over, subscriptions move to it. */
export class RoutedBus implements Bus {
  readonly #subscriptions = new Set<Subscription>()

  constructor (private readonly router: Routing) {}

  async publish (channel: string, message: Uint8Array): Promise<number> {
    return await this.router.ask(async ({ bus }) => await bus.publish(channel, message))
  }

  async subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>> {
    const subscription: Subscription = { channel, listener, leave: new Map(), over: false }
    await this.router.ask(async ({ bus }) => { await joinOne(bus, subscription) })
    this.#subscriptions.add(subscription)
    // Another backend may have taken over meanwhile.
    await joinOne(this.router.serving.bus, subscription)
    return async () => {
      this.#subscriptions.delete(subscription)
      subscription.over = true
      await Promise.all(Array.from(subscription.leave.values(), async leave => await leave()))
    }
  }

  /** Adds all subscriptions to another bus. */
  async join (bus: Bus): Promise<void> {
    for (const subscription of this.#subscriptions) await joinOne(bus, subscription)
  }
}

async function joinOne (bus: Bus, subscription: Subscription): Promise<void> {
  const { channel, listener, leave } = subscription
  if (leave.has(bus)) return
  const part = await bus.subscribe(channel, listener)
  if (subscription.over || leave.has(bus)) await part()
  else leave.set(bus, part)
}
