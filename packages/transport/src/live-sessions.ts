import { HoldfastError, type Principal, type RecordKey, type Session, type Sessions, isHoldfastError, keyLabel, samePrincipal } from '@holdfast/core'
import { DurableTransport } from './durable-transport.js'
import { type CreateServer, type DisposeReason, type SharedServerOptions, heldServer } from './factory.js'
import { LiveSession } from './live-session.js'
import { STANDALONE, type StreamLog } from './stream-log.js'
import type { Streams } from './streams.js'
import { within } from './time-limit.js'
import { WireIds } from './wire-ids.js'

/** Milliseconds that a session waits for room among the live ones. */
const ROOM_TIMEOUT = 2_000

export interface LiveSettings {
  createServer: CreateServer
  serverOptions: SharedServerOptions
  /** Server objects at the same time. */
  maxLive: number
  /** Milliseconds without use after which a session becomes dormant. */
  dormantAfter: number
  /** Milliseconds that createServer and the replay may take together. */
  factoryTimeout: number
}

/** A session that a request found. `live` is held for it, and must be released. */
export interface Found {
  session: Session
  live?: LiveSession
  release: () => void
}

interface Starting {
  live: LiveSession
  ready: Promise<void>
}

/** The sessions that have a server object here: least recently used first, restored when they are asked for. */
export class LiveSessions {
  readonly #byId = new Map<string, LiveSession>()
  readonly #byKey = new Map<RecordKey, LiveSession>()
  readonly #starting = new Map<RecordKey, Starting>()
  /** Ended while they were starting. */
  readonly #doomed = new Set<RecordKey>()
  readonly #closing = new Map<RecordKey, Promise<void>>()
  /** Who waits for room, longest first. */
  readonly #waiting = new Set<() => void>()
  /** Server objects that are being made. */
  #connecting = 0
  #closed = false
  #requestCount = 0

  constructor (
    private readonly sessions: Sessions,
    private readonly log: StreamLog,
    private readonly streams: Streams,
    private readonly settings: LiveSettings
  ) {}

  get size (): number { return this.#byKey.size }

  get (key: RecordKey): LiveSession | undefined { return this.#byKey.get(key) }

  [Symbol.iterator] (): IterableIterator<LiveSession> { return this.#byKey.values() }

  /** Finds a session, live or dormant, and extends it. One round trip to the backend. */
  async find (id: string, principal: Principal | null): Promise<Found | undefined> {
    const live = this.#byId.get(id)
    if (live === undefined) return await this.#findDormant(id, principal)
    const { session } = live
    if (!samePrincipal(session.principal, principal)) {
      this.sessions.emit('ownerMismatch', { label: keyLabel(session.key), key: session.key, owner: session.owner })
      return undefined
    }
    const release = live.hold()
    try {
      const { version } = session
      if (!await this.sessions.touch(session)) {
        release()
        await this.end(session.key, 'expired')
        return undefined
      }
      if (session.version !== version) await live.catchUp()
    } catch (error) {
      release()
      throw error
    }
    if (!this.#isUsable(live)) {
      release()
      // The server closed itself. Its session goes on, with another.
      if (this.#byId.get(id) === live) await this.#remove(live, 'dormant')
      return await this.find(id, principal)
    }
    this.#use(live)
    return { session, live, release }
  }

  /**
   * Gives a session its server object, once for all requests that wait for it. The result is held and must be released.
   *
   * @param restored the session goes on; it does not begin
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT, HOLDFAST_SESSION_GONE
   */
  async start (session: Session, restored: boolean): Promise<Found & { live: LiveSession }> {
    const there = this.#byKey.get(session.key)
    if (there?.transport.isClosed === true) {
      await this.#remove(there, 'dormant')
      return await this.start(session, restored)
    }
    const starting = there === undefined ? this.#starting.get(session.key) ?? this.#begin(session, restored) : undefined
    const live = there ?? (starting as Starting).live
    // Whoever waits holds it from the beginning, so that it cannot be taken to make room as soon as it is there.
    const release = live.hold()
    try {
      await starting?.ready
      if (!this.#isUsable(live)) throw new HoldfastError('HOLDFAST_SESSION_GONE')
    } catch (error) {
      release()
      throw error
    }
    this.#use(live)
    return { session: live.session, live, release }
  }

  isStarting (key: RecordKey): boolean { return this.#starting.has(key) }

  /** Drops the server object of a session that has ended. */
  async end (key: RecordKey, reason: 'terminated' | 'expired'): Promise<void> {
    const live = this.#byKey.get(key)
    if (live !== undefined) await this.#remove(live, reason)
    else if (this.#starting.has(key)) this.#doomed.add(key)
  }

  /** Makes those dormant that nobody has used for a while. */
  async rest (now = performance.now()): Promise<void> {
    const idle = []
    for (const live of this.#byId.values()) {
      if (now - live.usedAt < this.settings.dormantAfter) break
      if (!live.busy) idle.push(live)
    }
    await Promise.all(idle.map(async live => await this.#remove(live, 'dormant')))
  }

  /** Resolves when no request runs here, or when the time is over. */
  async idle (timeout: number): Promise<void> {
    await within(timeout, Promise.all(Array.from(this, async live => await live.transport.idle())))
  }

  /** Lets every server object go; the sessions go on elsewhere. */
  async close (): Promise<void> {
    this.#closed = true
    await Promise.allSettled(Array.from(this.#starting.values(), async ({ ready }) => await ready))
    await Promise.all(Array.from(this, async live => await this.#remove(live, 'closing')))
    await Promise.all(this.#closing.values())
  }

  #begin (session: Session, restored: boolean): Starting {
    const { key } = session
    const live = this.#live(session, restored)
    const ready = this.#start(live).finally(() => {
      this.#starting.delete(key)
      this.#doomed.delete(key)
    })
    const starting = { live, ready }
    this.#starting.set(key, starting)
    return starting
  }

  async #start (live: LiveSession): Promise<void> {
    const { id, key, owner, principal } = live.session
    await this.#closing.get(key)
    await this.#takeRoom()
    try {
      if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
      await this.#connect(live)
      if (this.#doomed.has(key)) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (live.transport.isClosed) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server closed itself')
    } catch (error) {
      this.#connecting--
      this.#freed()
      await live.close('closing')
      throw error
    }
    this.#connecting--
    this.#byId.set(id, live)
    this.#byKey.set(key, live)
    if (live.restored) this.sessions.emit('restored', { label: keyLabel(key), key, owner, principal })
  }

  async #findDormant (id: string, principal: Principal | null): Promise<Found | undefined> {
    const session = await this.sessions.open(id, principal)
    return session && { session, release: () => {} }
  }

  #isUsable (live: LiveSession): boolean {
    return this.#byKey.get(live.session.key) === live && !live.transport.isClosed
  }

  #use (live: LiveSession): void {
    live.usedAt = performance.now()
    this.#byId.delete(live.id)
    this.#byId.set(live.id, live)
  }

  /** Waits for a server object that nobody needs, when all are in use: most calls are short. */
  async #takeRoom (): Promise<void> {
    const deadline = performance.now() + ROOM_TIMEOUT
    while (!this.#hasRoom()) {
      const left = deadline - performance.now()
      if (left <= 0) throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
      let freed!: () => void
      const room = new Promise<void>(resolve => { freed = resolve })
      this.#waiting.add(freed)
      await within(left, room)
      this.#waiting.delete(freed)
    }
    this.#connecting++
  }

  #hasRoom (): boolean {
    if (this.#byKey.size + this.#connecting < this.settings.maxLive) return true
    for (const live of this.#byId.values()) {
      if (live.busy) continue
      void this.#remove(live, 'dormant')
      return true
    }
    return false
  }

  /** Lets the one that waits longest look again. */
  #freed (): void {
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    next()
  }

  #live (session: Session, restored: boolean): LiveSession {
    const { key, id } = session
    const standalone = this.log.writer(session, STANDALONE, (first, messages, ended) => this.streams.deliver(key, STANDALONE, first, messages, ended))
    const wireIds = new WireIds(this.sessions.fleet.replica, () => ++this.#requestCount)
    return new LiveSession(session, new DurableTransport(id, wireIds, standalone), restored, this.sessions, () => this.#freed())
  }

  async #connect (live: LiveSession): Promise<void> {
    const { createServer, serverOptions, factoryTimeout } = this.settings
    const connecting = (async () => { await live.connect(heldServer(await createServer(live, { serverOptions }))) })()
    try {
      if (!await within(factoryTimeout, connecting)) throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT')
    } catch (error) {
      // A factory that comes back late must not leave its server behind.
      const late = async (): Promise<void> => await live.close('closing')
      connecting.then(late, late)
      throw isHoldfastError(error) ? error : new HoldfastError('HOLDFAST_FACTORY_FAILED', undefined, { cause: error })
    }
  }

  async #remove (live: LiveSession, reason: DisposeReason): Promise<void> {
    const { id, key } = live.session
    this.#byId.delete(id)
    this.#byKey.delete(key)
    this.#freed()
    const closing = live.close(reason).finally(() => { if (this.#closing.get(key) === closing) this.#closing.delete(key) })
    this.#closing.set(key, closing)
    await closing
  }
}
