import { type Bus, type BusListener, deliver } from '@holdfast/core'
import type { Connection } from './connection.js'
import { SqliteError } from './errors.js'
import { Mailbox, removeSocket } from './mailbox.js'
import { Peers } from './peers.js'
import type { Turns } from './turns.js'

interface Subscription { listener: BusListener }

/** Errors of a connection to a process that has ended. Its socket and its listeners are left over. */
const ENDED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT'])

const LISTENING = 'SELECT socket, amount FROM listeners WHERE channel = ? AND socket <> ?'
const LISTEN = 'INSERT OR REPLACE INTO listeners (channel, socket, amount) VALUES (?, ?, ?)'
const LEAVE = 'DELETE FROM listeners WHERE channel = ? AND socket = ?'
const FORGET = 'DELETE FROM listeners WHERE socket = ?'

/**
 * A bus between the processes of one machine. The file says who listens to a channel; messages go from process to
 * process, over a socket of each.
 */
export class SqliteBus implements Bus {
  readonly #channels = new Map<string, Set<Subscription>>()
  readonly #mailbox: Mailbox
  readonly #peers: Peers
  #closed = false

  constructor (
    private readonly connection: Connection,
    private readonly turns: Turns,
    private readonly report: (error: Error) => void
  ) {
    const token = (): string => connection.ask(() =>
      (connection.get<{ value: string }>("SELECT value FROM facts WHERE name = 'token'") as { value: string }).value)
    this.#mailbox = new Mailbox(connection.path, token, (channel, message) => { this.#hear(channel, message) })
    this.#peers = new Peers(token)
  }

  async publish (channel: string, message: Uint8Array): Promise<number> {
    const copy = Buffer.from(message)
    const { address } = this.#mailbox
    const others = await this.turns.read(
      () => this.connection.all<{ socket: string, amount: number }>(LISTENING, channel, address)
    )
    const sent = await Promise.all(others.map(async ({ socket, amount }) =>
      await this.#send(socket, channel, copy) ? amount : 0))
    // Never in the caller's own turn: no other bus would do that.
    await undefined
    return sent.reduce((sum, amount) => sum + amount, 0) + this.#hear(channel, copy)
  }

  async subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>> {
    const subscription = { listener }
    const subscriptions = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, subscriptions.add(subscription))
    const unsubscribe = async (): Promise<void> => {
      if (!subscriptions.delete(subscription)) return
      if (subscriptions.size === 0) this.#channels.delete(channel)
      if (!this.#closed) await this.#tell(channel)
    }
    try {
      await this.#mailbox.open()
      await this.#tell(channel)
    } catch (error) {
      unsubscribe().catch(this.report)
      throw error
    }
    return unsubscribe
  }

  /** Resolves when no message arrives any more. */
  async close (): Promise<void> {
    this.#closed = true
    this.#channels.clear()
    this.#peers.close()
    if (!this.#mailbox.isOpen) return
    await this.#mailbox.close()
    await this.#forget(this.#mailbox.address).catch(this.report)
  }

  /** Writes to the file how many listeners of this process a channel has. */
  async #tell (channel: string): Promise<void> {
    const { address } = this.#mailbox
    await this.turns.write(() => {
      const amount = this.#channels.get(channel)?.size ?? 0
      if (amount > 0) this.connection.run(LISTEN, channel, address, amount)
      else this.connection.run(LEAVE, channel, address)
    }, false)
  }

  async #send (address: string, channel: string, message: Uint8Array): Promise<boolean> {
    try {
      return await this.#peers.send(address, channel, message)
    } catch (error) {
      if (ENDED.has((error as NodeJS.ErrnoException).code)) await this.#forget(address).catch(this.report)
      else this.report(new SqliteError('SQLITE_UNREACHED'))
      return false
    }
  }

  async #forget (address: string): Promise<void> {
    await this.turns.write(() => { this.connection.run(FORGET, address) }, false)
    await removeSocket(address)
  }

  /** @returns the number of listeners */
  #hear (channel: string, message: Uint8Array): number {
    const subscriptions = this.#channels.get(channel)
    let heard = 0
    for (const subscription of [...subscriptions ?? []]) {
      if (subscriptions?.has(subscription) !== true) continue
      heard++
      deliver(subscription.listener, new Uint8Array(message))
    }
    return heard
  }
}
