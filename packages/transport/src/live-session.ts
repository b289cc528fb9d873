import { inspect } from 'node:util'
import { type DataChange, HoldfastError, type Json, type JsonObject, type Principal, type Replay, type Session, type Sessions, keyLabel } from '@holdfast/core'
import type { DurableTransport } from './durable-transport.js'
import type { DisposeReason, HeldServer } from './factory.js'
import type { McpSession } from './mcp-session.js'
import type { Ranked } from './recency.js'
import { replayRequests } from './replayed.js'
import { notFoundReply } from './reply.js'
import { within } from './time-limit.js'

/** Milliseconds for calls that may still answer, and for a server to let go of what it holds. */
const CLOSE_TIMEOUT = 10_000
const NOTHING_REPLAYED: Replay = { subscriptions: [] }

/** A session with a server object in this process. */
export class LiveSession implements McpSession, Ranked<LiveSession> {
  declare older?: LiveSession | undefined
  declare newer?: LiveSession | undefined
  #held: HeldServer | undefined
  #holds = 0
  #replayed = NOTHING_REPLAYED
  /** The session is being ended from inside: calls that run here may still answer. */
  #yielding = false
  /** When it was last used here, by the monotonic clock. */
  usedAt = performance.now()

  constructor (
    readonly session: Session,
    readonly transport: DurableTransport,
    readonly restored: boolean,
    private readonly sessions: Sessions,
    /** Told when nothing needs the server object any more, for now. */
    private readonly idle: (live: LiveSession) => void
  ) {
    transport.onidle = () => this.#rest()
  }

  get id (): string { return this.session.id }
  get principal (): Principal | null { return this.session.principal }
  get context (): Json { return this.session.context }
  get data (): JsonObject { return this.session.data }
  get protocolVersion (): string { return this.session.state.handshake.protocolVersion }
  get replica (): string { return this.sessions.fleet.replica }

  /** Something runs, is awaited or is held here, so the server object must stay. */
  get busy (): boolean {
    return this.#holds > 0 || this.transport.requests.size > 0 || this.transport.wireIds.size > 0
  }

  async update (change: DataChange): Promise<JsonObject> {
    return await this.session.update(change)
  }

  async terminate (): Promise<void> {
    this.#yielding = true
    await this.sessions.end(this.session.key, this.session.owner)
  }

  hold (): () => void {
    let held = true
    this.enter()
    return () => {
      if (held) this.leave()
      held = false
    }
  }

  /** Keeps the server object until {@link leave}. */
  enter (): void {
    this.#holds++
  }

  leave (): void {
    this.#holds--
    this.#rest()
  }

  #rest (): void {
    if (!this.busy) this.idle(this)
  }

  /** Connects a server, and brings a restored one to where the session was, as its client would have. */
  async connect (held: HeldServer): Promise<void> {
    this.#held = held
    await held.server.connect(this.transport)
    if (!this.restored) return
    const { handshake } = this.session.state
    const answer = await this.transport.ask('initialize', handshake.initialize)
    if ('error' in answer) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server refused the handshake of its session')
    if (handshake.initialized) this.transport.receive({ jsonrpc: '2.0', method: 'notifications/initialized' })
    await this.catchUp()
  }

  /** Delivers what the client set elsewhere. */
  async catchUp (): Promise<void> {
    const { replay } = this.session.state
    const requests = replayRequests(this.#replayed, replay)
    this.#replayed = replay
    for (const { method, params } of requests) await this.transport.ask(method, params)
  }

  /** The client set something here, and the server knows it. */
  noteReplay (): void {
    this.#replayed = this.session.state.replay
  }

  /** Lets the server object go. Resolves in time even if that does not. */
  async close (reason: DisposeReason): Promise<void> {
    if (this.#yielding) await within(CLOSE_TIMEOUT, this.transport.idle())
    const disposed = this.#dispose(reason).catch(error => this.sessions.emit('error', { error }))
    if (!await within(CLOSE_TIMEOUT, disposed)) this.sessions.emit('error', { error: new Error('a server was not disposed of in time') })
  }

  async #dispose (reason: DisposeReason): Promise<void> {
    if (reason === 'terminated' || reason === 'expired') await this.transport.abandon(notFoundReply)
    const held = this.#held
    this.#held = undefined
    try {
      await held?.server.close()
    } finally {
      await this.transport.close()
      await held?.dispose?.(reason)
    }
  }

  /** The id and the context are credentials: neither is printed. */
  toJSON (): object {
    return { session: keyLabel(this.session.key), restored: this.restored, replica: this.replica }
  }

  [inspect.custom] (): string {
    return `McpSession ${inspect(this.toJSON())}`
  }
}
