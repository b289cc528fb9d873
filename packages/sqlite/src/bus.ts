import { type Bus, type BusListener, deliver } from '@holdfast/core'
import type { Connection } from './connection.js'
import { SqliteError, translate } from './errors.js'
import { Mailbox, removeSocket, socketOf } from './mailbox.js'
import { Peers } from './peers.js'
import type { Turns } from './turns.js'

interface Subscription { listener: BusListener }

/** Errors of a connection to a process that has ended. Its socket and its listeners are left over. */
const ENDED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT'])

/** Milliseconds between two looks whether the file still names the channels of this process. */
const LOOK_INTERVAL = 10_000

const OTHERS = 'SELECT DISTINCT socket FROM listeners WHERE socket <> ?'
const OWN = 'SELECT channel FROM listeners WHERE socket = ?'
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
  /** The mailboxes that were not reached the last time. */
  readonly #unreached = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor (
    private readonly connection: Connection,
    private readonly turns: Turns,
    private readonly report: (error: Error) => void,
    private readonly lookInterval = LOOK_INTERVAL
  ) {
    const token = (): string => connection.ask(() =>
      (connection.get<{ value: string }>("SELECT value FROM facts WHERE name = 'token'") as { value: string }).value)
    this.#mailbox = new Mailbox(connection.path, token, (channel, message) => { this.#hear(channel, message) })
    this.#peers = new Peers(token)
  }

  /** Errors of the system name paths. */
  readonly #failed = (error: unknown): void => { this.report(translate(error)) }

  async publish (channel: string, message: Uint8Array): Promise<number> {
    if (this.#closed) throw new SqliteError('SQLITE_CLOSED')
    const copy = Buffer.from(message)
    const { name } = this.#mailbox
    const others = await this.turns.read(
      () => this.connection.all<{ socket: string, amount: number }>(LISTENING, channel, name)
    )
    const sent = await Promise.all(others.map(async ({ socket, amount }) =>
      await this.#send(socket, channel, copy) ? amount : 0))
    // Never in the caller's own turn: no other bus would do that.
    await undefined
    return sent.reduce((sum, amount) => sum + amount, 0) + this.#hear(channel, copy)
  }

  async subscribe (channel: string, listener: BusListener): Promise<() => Promise<void>> {
    if (this.#closed) throw new SqliteError('SQLITE_CLOSED')
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
      if (this.#timer === undefined) this.#meetOthers().catch(this.#failed)
      this.#timer ??= setInterval(() => { this.#tellAgain().catch(this.#failed) }, this.lookInterval).unref()
    } catch (error) {
      unsubscribe().catch(this.#failed)
      throw error
    }
    return unsubscribe
  }

  /** Resolves when no message arrives any more. */
  async close (): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#channels.clear()
    this.#peers.close()
    if (!this.#mailbox.isOpen) return
    await this.#mailbox.close()
    await this.#forget(this.#mailbox.name).catch(this.#failed)
  }

  /** Writes to the file how many listeners of this process a channel has. */
  async #tell (channel: string): Promise<void> {
    const { name } = this.#mailbox
    await this.turns.write(() => {
      const amount = this.#channels.get(channel)?.size ?? 0
      if (amount > 0) this.connection.run(LISTEN, channel, name, amount)
      else this.connection.run(LEAVE, channel, name)
    }, false)
  }

  /** Forgets the processes that were killed. */
  async #meetOthers (): Promise<void> {
    const others = await this.turns.read(() => this.connection.all<{ socket: string }>(OTHERS, this.#mailbox.name))
    await Promise.all(others.map(async ({ socket }) => {
      await this.#peers.meet(socketOf(socket, this.connection.path)).catch(async (error: unknown) =>
        await this.#missed(socket, error))
    }))
  }

  /** A process that did not reach this one may have taken it for dead, and have forgotten its channels. */
  async #tellAgain (): Promise<void> {
    await this.#mailbox.renew()
    const rows = await this.turns.read(() => this.connection.all<{ channel: string }>(OWN, this.#mailbox.name))
    const told = new Set(rows.map(({ channel }) => channel))
    for (const channel of this.#channels.keys()) if (!told.has(channel)) await this.#tell(channel)
  }

  async #send (name: string, channel: string, message: Uint8Array): Promise<boolean> {
    try {
      const sent = await this.#peers.send(socketOf(name, this.connection.path), channel, message)
      if (sent) this.#unreached.delete(name)
      else this.#miss(name)
      return sent
    } catch (error) {
      await this.#missed(name, error)
      return false
    }
  }

  async #missed (name: string, error: unknown): Promise<void> {
    const { code } = error as NodeJS.ErrnoException
    if (ENDED.has(code)) await this.#forget(name).catch(this.#failed)
    else this.#miss(name)
  }

  /** Reports a process once, until it is reached again. */
  #miss (name: string): void {
    if (this.#unreached.has(name)) return
    this.#unreached.add(name)
    this.report(new SqliteError('SQLITE_UNREACHED'))
  }

  async #forget (name: string): Promise<void> {
    this.#unreached.delete(name)
    await this.turns.write(() => { this.connection.run(FORGET, name) }, false)
    await removeSocket(socketOf(name, this.connection.path))
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
