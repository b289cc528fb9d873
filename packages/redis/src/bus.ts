import type { Bus, BusListener } from '@holdfast/core'
import type { Client } from './client.js'
import { disconnect } from './connect.js'
import { RedisError, translate } from './errors.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'

/** Milliseconds between two questions whether the connection of the subscriptions is still there. */
const PULSE = 5000

interface Subscription { listener: BusListener }

/** Redis' pub/sub on a connection of its own: plain on a single server and behind Sentinel, sharded on a Cluster. */
export class RedisBus implements Bus {
  readonly #channels = new Map<string, Set<Subscription>>()
  #subscriber: Link | undefined
  #pulse: NodeJS.Timeout | undefined
  #closed = false

  constructor (
    private readonly link: Link,
    private readonly connect: () => Link,
    private readonly keys: Keys,
    private readonly report: (error: Error) => void
  ) {}

  get #sharded (): boolean { return this.link.client.isCluster }

  async publish (channel: string, message: Uint8Array): Promise<number> {
    const [name, copy] = [this.keys.channel(channel), Buffer.from(message)]
    return await this.link.ask(async (client) => await (this.#sharded
      ? client.spublish(name, copy)
      : client.publish(name, copy)) as number)
  }

  async subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>> {
    const name = this.keys.channel(channel)
    const subscription = { listener }
    const subscriptions = this.#channels.get(name) ?? new Set()
    this.#channels.set(name, subscriptions.add(subscription))
    const leave = async (): Promise<void> => {
      subscriptions.delete(subscription)
      if (subscriptions.size > 0 || this.#channels.get(name) !== subscriptions) return
      this.#channels.delete(name)
      const last = this.#channels.size === 0
      try {
        await this.#tell(async (client) => await (this.#sharded ? client.sunsubscribe(name) : client.unsubscribe(name)))
      } finally {
        // Whoever hears nothing needs no connection; an open one would keep the process from ending.
        if (last && this.#channels.size === 0) this.#hangUp()
      }
    }
    try {
      await this.#tell(async (client) => await (this.#sharded ? client.ssubscribe(name) : client.subscribe(name)))
    } catch (error) {
      leave().catch(this.#failed)
      throw error
    }
    return leave
  }

  close (): void {
    this.#closed = true
    this.#channels.clear()
    this.#hangUp()
  }

  #hangUp (): void {
    clearInterval(this.#pulse)
    if (this.#subscriber !== undefined) disconnect(this.#subscriber.client)
    this.#subscriber = undefined
  }

  async #tell (call: (client: Client) => Promise<unknown>): Promise<void> {
    if (this.#closed) throw new RedisError('REDIS_DISCONNECTED')
    if (this.#subscriber === undefined) {
      this.#subscriber = this.connect()
      const { client } = this.#subscriber
      client.on(this.#sharded ? 'smessageBuffer' : 'messageBuffer', this.#hear)
      if (!this.#sharded) {
        client.on('ready', () => { this.#renew() })
        this.#pulse = setInterval(() => { this.#ping() }, PULSE).unref()
      }
    }
    await this.#subscriber.ask(call)
  }

  /**
   * Subscribes on a new connection to what was subscribed to. Left to ioredis, one that is lost again just then would
   * end the process with a rejection that nobody handles, and the subscriptions with it.
   */
  #renew (): void {
    const names = [...this.#channels.keys()]
    if (names.length > 0) this.#subscriber?.ask(async (client) => await client.subscribe(...names)).catch(this.#failed)
  }

  /**
   * Whoever only listens does not notice that the network has swallowed the connection: what owes an answer is cut, and
   * comes back.
   */
  #ping (): void {
    this.#subscriber?.ask(async (client) => await client.ping()).catch(this.#failed)
  }

  /** The next connection tries again; what that does not help is for an operator. */
  readonly #failed = (error: unknown): void => {
    const failure = translate(error)
    if (!(failure instanceof RedisError && failure.retryable)) this.report(failure)
  }

  readonly #hear = (channel: Buffer, message: Buffer): void => {
    const subscriptions = this.#channels.get(channel.toString())
    for (const subscription of [...subscriptions ?? []]) {
      if (subscriptions?.has(subscription)) deliver(subscription.listener, new Uint8Array(message))
    }
  }
}

/** An error is the listener's own: it is reported as a warning of the process and stops nobody else. */
function deliver (listener: BusListener, message: Uint8Array): void {
  try {
    listener(message)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error('A bus listener threw', { cause: error }))
  }
}
