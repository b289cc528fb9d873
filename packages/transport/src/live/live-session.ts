import { inspect, isDeepStrictEqual } from 'node:util'
import {
  type DataChange, type Json, type JsonObject, type Principal, type RecordKey, type Session, type Sessions, keyLabel,
  within
} from '@holdfast/core'
import type { DetachedTransport } from '../calls/detached-transport.js'
import type { DurableTransport } from '../calls/durable-transport.js'
import { notFoundReply } from '../http/reply.js'
import { activateServer } from './activate-server.js'
import type { DisposeReason, HeldServer } from './factory.js'
import { Place } from './live-places.js'
import type { McpSession } from './mcp-session.js'
import type { LruItem } from './lru-list.js'
import { ServerState } from './server-state.js'

/** Milliseconds for calls that may still answer, and for a server to let go of what it holds. */
const CLOSE_TIMEOUT = 10_000
/** Milliseconds for last words to be logged. */
const LAST_WORDS = 1_000
const UNHEARD =
  'a server goes on to speak after its session has let it go, and nobody hears it: end its timers in dispose()'

/** A session with a server object in this process. */
export class LiveSession implements McpSession, LruItem<LiveSession> {
  declare older?: LiveSession | undefined
  declare newer?: LiveSession | undefined
  /** Among the live sessions of this process. Somebody without a principal shares with nobody. */
  readonly place: Place<LiveSession>
  readonly serverState: ServerState
  #held: HeldServer | undefined
  /** The context that the server object knows. */
  #context: Json
  #holds = 0
  /** The session is being ended from inside: calls that run here may still answer. */
  #yielding = false
  /** When it was last used here, by the monotonic clock. */
  usedAt = performance.now()
  /** When its context was last renewed here, or looked at, by the monotonic clock. */
  renewedAt = performance.now()
  /** A renewal under way, see {@link takeContext}. */
  renewing: Promise<boolean> | undefined
  /** When a client last heard the server say something of its own accord, by the monotonic clock. */
  heardAt = -Infinity

  constructor (
    readonly session: Session,
    readonly transport: DurableTransport,
    readonly activated: boolean,
    private readonly sessions: Sessions,
    /** Milliseconds that a server may take to learn what its client set elsewhere. */
    private readonly patience: number,
    private readonly setContext: (session: Session, context: Json) => Promise<void>,
    /** Told when something needs the server object that no request waits for. */
    private readonly occupy: (live: LiveSession) => void,
    /** Told when nothing runs in the server object, for now. */
    private readonly idle: (live: LiveSession) => void,
    /** Told when the server has closed itself. */
    private readonly closed: (live: LiveSession) => void
  ) {
    this.#context = session.context
    this.place = session.principal === null ? new Place(session.key, this, true) : new Place(session.owner, this)
    this.serverState = new ServerState(session, transport, patience)
    transport.onchange = () => this.#rest()
    transport.onfailed = error => sessions.report(error)
    transport.onunheard = () => sessions.emit('error', { error: new Error(UNHEARD) })
  }

  get id (): string { return this.session.id }
  get key (): RecordKey { return this.session.key }
  get principal (): Principal | null { return this.session.principal }
  get context (): Json { return this.session.context }
  get data (): Readonly<JsonObject> { return this.session.data }
  get protocolVersion (): string { return this.session.state.handshake.protocolVersion }
  get replica (): string { return this.sessions.fleet.replica }

  /** Something runs, is awaited or is held here, so the server object must stay. */
  get busy (): boolean {
    return this.working || this.transport.wireIds.size > 0
  }

  /** The server object lives as long as the session: it never becomes dormant. */
  get lasting (): boolean { return this.#held?.live === 'session' }

  /** Something runs or is held here. What is only {@link busy} waits for its client, and gives way to other owners. */
  get working (): boolean { return this.#holds > 0 || this.transport.requests.size > 0 }

  /** Requests that are on their way in, and holds. */
  get entered (): number { return this.#holds }

  async update (change: DataChange): Promise<Readonly<JsonObject>> {
    return await this.session.update(change)
  }

  async renewContext (context: Json): Promise<void> {
    await this.setContext(this.session, context)
  }

  async terminate (): Promise<void> {
    this.#yielding = true
    await this.sessions.terminate(this.session)
  }

  hold (): () => void {
    let held = true
    this.enter()
    this.occupy(this)
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
    if (!this.working) this.idle(this)
  }

  /** Connects a server, and brings that of a session that goes on to where the session was. */
  async connect (held: HeldServer): Promise<void> {
    this.#held = held
    this.#context = this.session.context
    this.transport.ondetached = after => {
      void this.#detach(held, after)
      if (this.#held === held) this.closed(this)
    }
    await held.server.connect(this.transport)
    if (this.activated) await activateServer(this.session, this.transport, this.serverState)
  }

  /** Nothing runs in the server object, and only one request is on its way in. */
  get isAlone (): boolean { return this.#holds === 1 && this.transport.requests.size === 0 }

  /** The server object knows the context of the session. */
  get knowsContext (): boolean { return this.session.context === this.#context }

  /**
   * Tells the server object when the context was renewed.
   *
   * @returns false when the server object must be made again, because it does not take contexts
   */
  async takeContext (): Promise<boolean> {
    const { session: { context }, lasting } = this
    const known = this.#context
    const held = this.#held
    const isSame = context === known || isDeepStrictEqual(context, known)
    const takes = isSame || (held?.onContext === undefined ? lasting : await this.#tell(held, context) || lasting)
    if (takes) this.#context = context
    return takes
  }

  async #tell (held: HeldServer, context: Json): Promise<boolean> {
    try {
      if (await within(Promise.resolve(held.onContext?.(context)), this.patience, true)) return true
      this.sessions.report(new Error('onContext was not done with a renewed context in time'))
    } catch (error) {
      this.sessions.report(error)
    }
    return false
  }

  /** A client heard what the server said of its own accord. */
  heard (): void {
    this.heardAt = performance.now()
  }

  /** Lets the server object go. Resolves in time even if that does not. */
  async close (reason: DisposeReason): Promise<void> {
    if (this.#yielding) await within(this.transport.idle(), CLOSE_TIMEOUT)
    const disposed = this.#dispose(reason).catch(error => this.sessions.emit('error', { error }))
    if (!await within(disposed, CLOSE_TIMEOUT)) {
      this.sessions.emit('error', { error: new Error('a server was not disposed of in time') })
    }
  }

  async #dispose (reason: DisposeReason): Promise<void> {
    if (reason === 'terminated' || reason === 'expired') await within(this.transport.abandon(notFoundReply), LAST_WORDS)
    const held = this.#held
    this.#held = undefined
    try {
      // One that closed itself is connected elsewhere by now.
      if (!this.transport.isClosed) await held?.server.close()
    } finally {
      await this.transport.close()
      await held?.dispose?.(reason)
    }
  }

  async #detach ({ server }: HeldServer, after: DetachedTransport): Promise<void> {
    try {
      await server.connect(after)
    } catch {
      // A server that cannot be connected again rejects what it says from now on, as it would without us.
    }
  }

  /** The id and the context are credentials: neither is printed. */
  toJSON (): object {
    return { session: keyLabel(this.session.key), activated: this.activated, replica: this.replica }
  }

  [inspect.custom] (): string {
    return `McpSession ${inspect(this.toJSON())}`
  }
}
