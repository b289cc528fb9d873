import { type Bus, type BusListener, deliver } from '@holdfast/core'
import type { Client } from './client.js'
import { disconnect } from './connect.js'
import { RedisError, translate } from './errors.js'
import type { Keys } from './keys.js'
import type { Link } from './link.js'

/** Milliseconds between two PINGs on the connection for subscriptions. */
const PING_INTERVAL = 5000

interface Subscription { listener: BusListener }

/**
 * The pub/sub of Redis. Subscriptions have a connection of their own. Channels are plain on a single server and behind
 * Sentinel, and sharded on a Cluster.
 */
export class RedisBus implements Bus {
  readonly #channels = new Map<string, Set<Subscription>>()
  #subscriber: Link | undefined
  #pingTimer: NodeJS.Timeout | undefined
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
    const unsubscribe = async (): Promise<void> => {
      subscriptions.delete(subscription)
      if (subscriptions.size > 0 || this.#channels.get(name) !== subscriptions) return
      this.#channels.delete(name)
      const last = this.#channels.size === 0
      try {
        await this.#send(async (client) => await (this.#sharded ? client.sunsubscribe(name) : client.unsubscribe(name)))
      } finally {
        // Without subscriptions no connection is needed, and an open connection would keep the process alive.
        if (last && this.#channels.size === 0) this.#disconnect()
      }
    }
    try {
      await this.#send(async (client) => await (this.#sharded ? client.ssubscribe(name) : client.subscribe(name)))
    } catch (error) {
      unsubscribe().catch(this.#onFailure)
      throw error
    }
    return unsubscribe
  }

  close (): void {
    this.#closed = true
    this.#channels.clear()
    this.#disconnect()
  }

  #disconnect (): void {
    clearInterval(this.#pingTimer)
    if (this.#subscriber !== undefined) disconnect(this.#subscriber.client)
    this.#subscriber = undefined
  }

  async #send (call: (client: Client) => Promise<unknown>): Promise<void> {
    if (this.#closed) throw new RedisError('REDIS_DISCONNECTED')
    if (this.#subscriber === undefined) {
      this.#subscriber = this.connect()
      const { client } = this.#subscriber
      client.on(this.#sharded ? 'smessageBuffer' : 'messageBuffer', this.#onMessage)
      if (!this.#sharded) {
        client.on('ready', () => { this.#resubscribe() })
        this.#pingTimer = setInterval(() => { this.#ping() }, PING_INTERVAL).unref()
      }
    }
    await this.#subscriber.ask(call)
  }

  /**
   * Subscribes to all channels again on a new connection. ioredis could do that itself, but if that connection were
   * lost at that moment, its rejection would be unhandled and end the process.
   */
  #resubscribe (): void {
    const names = [...this.#channels.keys()]
    const subscribe = async (client: Client): Promise<unknown> => await client.subscribe(...names)
    if (names.length > 0) this.#subscriber?.ask(subscribe).catch(this.#onFailure)
  }

  /**
   * A connection that only listens does not notice when the network silently drops it. A connection that owes an
   * answer to a PING is cut and made again.
   */
  #ping (): void {
    this.#subscriber?.ask(async (client) => await client.ping()).catch(this.#onFailure)
  }

  /** The next connection tries again. An error that this does not help is reported to the operator. */
  readonly #onFailure = (error: unknown): void => {
    const failure = translate(error)
    if (!(failure instanceof RedisError && failure.retryable)) this.report(failure)
  }

  readonly #onMessage = (channel: Buffer, message: Buffer): void => {
    const subscriptions = this.#channels.get(channel.toString())
    for (const subscription of [...subscriptions ?? []]) {
      if (subscriptions?.has(subscription)) deliver(subscription.listener, new Uint8Array(message))
    }
  }
}
