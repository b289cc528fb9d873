import { setImmediate } from 'node:timers/promises'
import {
  HoldfastError, type Principal, type RecordKey, type Session, type Sessions, isHoldfastError, samePrincipal,
  sessionNotice, within
} from '@holdfast/core'
import type { Deadlines, Expiring } from '../calls/deadlines.js'
import { DurableTransport } from '../calls/durable-transport.js'
import { WireIds } from '../calls/wire-ids.js'
import type { OpenStreams } from '../streams/open-streams.js'
import { STANDALONE, type StreamLog } from '../streams/stream-log.js'
import { ContextRenewal, type RenewContext, type RenewalSettings } from './context-renewal.js'
import { type CommonServerOptions, type CreateServer, type DisposeReason, heldServer } from './factory.js'
import { LivePlaces } from './live-places.js'
import { LiveSession } from './live-session.js'
import { OwnerMismatches } from './owner-mismatches.js'
import { PlaceQueue } from './place-queue.js'
import { LruList } from './lru-list.js'

/** Milliseconds that a session waits for a place among the live sessions. */
const PLACE_WAIT = 2_000

export interface LiveSettings extends RenewalSettings {
  createServer: CreateServer
  serverOptions: CommonServerOptions
  /** Maximum number of server objects at the same time. At most half of them may be busy ones of one owner. */
  maxLive: number
  /** Milliseconds without use after which a session becomes dormant. */
  dormantAfter: number
  /** Milliseconds that `createServer` and the replay may take together, and so may a renewal of the context. */
  factoryTimeout: number
}

/** The work of a request with the session that it names. `live` is absent when the session is dormant here. */
export type Use<T> = (session: Session, live?: LiveSession) => T | Promise<T>

/** The work of a request with a session that has a server object. */
export type UseLive<T> = (live: LiveSession) => T | Promise<T>

interface Starting {
  live: LiveSession
  /** Resolves when the session is live. */
  ready: Promise<void>
  /** Rejects `ready`, even if the server is still being made. */
  refuse: () => void
}

/** The sessions that have a server object here. A dormant session is activated when a request needs its server. */
export class LiveSessions {
  /** Only for the reports of mismatches. No answer depends on it. */
  readonly #byId = new Map<string, LiveSession>()
  /** By id and subject, see {@link nameOf}. */
  readonly #byName = new Map<string, LiveSession>()
  readonly #byKey = new Map<RecordKey, LiveSession>()
  readonly #lru = new LruList<LiveSession>()
  readonly #starting = new Map<RecordKey, Starting>()
  /** Servers that are being made. */
  readonly #making = new Set<Promise<void>>()
  /** Sessions that ended while they were starting. */
  readonly #doomed = new Set<RecordKey>()
  readonly #closing = new Map<RecordKey, Promise<void>>()
  readonly #places: LivePlaces<LiveSession>
  readonly #queue = new PlaceQueue(PLACE_WAIT)
  readonly #mismatches: OwnerMismatches
  readonly #renewal: ContextRenewal
  #closed = false
  #requestCount = 0

  constructor (
    private readonly sessions: Sessions,
    private readonly log: StreamLog,
    private readonly streams: OpenStreams,
    private readonly settings: LiveSettings,
    private readonly deadlines: Deadlines<Expiring>
  ) {
    this.#renewal = new ContextRenewal(sessions, settings)
    this.#places = new LivePlaces(settings.maxLive, live => live.working)
    this.#mismatches = new OwnerMismatches(sessions, id => this.#byId.get(id)?.session)
  }

  get size (): number { return this.#byKey.size }

  get (key: RecordKey): LiveSession | undefined { return this.#byKey.get(key) }

  get keys (): Iterable<RecordKey> { return this.#byKey.keys() }

  [Symbol.iterator] (): IterableIterator<LiveSession> { return this.#byKey.values() }

  /**
   * Finds a session, live or dormant, extends it and calls `use` with it. A live session keeps its server object until
   * the result of `use` has settled. One round trip to the backend. Undefined when there is no such session.
   *
   * @param calls whether requests will run in the session, so that its server must first learn the settings that the
   *   client made elsewhere. False for an answer, because the server may wait for it
   * @param renew resolves its context again; absent when nothing can
   * @throws HoldfastError HOLDFAST_SESSION_GONE when the application does not accept its context any more
   */
  async withSession<T> (
    id: string, principal: Principal | null, calls: boolean, use: Use<T>, renew?: RenewContext
  ): Promise<T | undefined> {
    const live = this.#of(id, principal)
    if (live === undefined) return await this.#withDormant(id, principal, use)
    const { session } = live
    let exists
    live.enter()
    try {
      exists = await this.sessions.touch(session)
      if (exists && calls && live.serverState.isBehind) await live.serverState.catchUp()
      // A server object that works for others goes on with the context that it knows.
      const isCurrent = !exists || !calls || this.#isCurrent(live, renew) ||
        await this.#hasContext(live, renew) || !live.isAlone
      if (exists && isCurrent && this.#isUsable(live)) {
        this.#use(live)
        return await use(session, live)
      }
    } finally {
      live.leave()
    }
    if (!exists) {
      await this.end(session.key, 'expired')
      return undefined
    }
    // The server closed itself, or does not take another context.
    if (this.#byKey.get(session.key) === live) await this.#giveUp(live)
    return await this.withSession(id, principal, calls, use, renew)
  }

  /** Ends a session, live or dormant. False when there was none. */
  async terminate (id: string, principal: Principal | null): Promise<boolean> {
    const terminated = await this.sessions.terminate({ id, principal })
    if (!terminated) this.#mismatches.note(id, principal)
    return terminated
  }

  /**
   * Calls `use` with a session that has a server object, and keeps the session live until the result of `use` has
   * settled. One server is made for all requests that wait for it.
   *
   * @param activated whether the session existed before, so that it is activated; false for a new session
   * @param renew resolves its context again, before it becomes live; absent when nothing can
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT,
   *   HOLDFAST_SESSION_GONE
   */
  async withServer<T> (
    session: Session, activated: boolean, use: UseLive<T>, renew?: RenewContext
  ): Promise<T> {
    const there = this.#byKey.get(session.key)
    if (there?.transport.isClosed === true) {
      await this.#giveUp(there)
      return await this.withServer(session, activated, use, renew)
    }
    const starting = there === undefined
      ? this.#starting.get(session.key) ?? this.#begin(session, activated, renew)
      : undefined
    const live = there ?? (starting as Starting).live
    // Enter before waiting: otherwise the session could be made dormant the moment it is live, to free its place.
    live.enter()
    try {
      await starting?.ready
      // A later request may have read a newer version than the request that started the server.
      if (session.version > live.session.version) {
        live.session.record.refresh(session.version, session.state, live.session.version)
      }
      if (live.serverState.isBehind) await live.serverState.catchUp()
      if (!this.#isUsable(live)) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      this.#use(live)
      return this.admit(live) ? await use(live) : await this.whenAdmitted(live, use)
    } finally {
      live.leave()
    }
  }

  /**
   * Lets requests run in a live session. False when they must wait, because their owner uses its share of the places
   * already: see {@link whenAdmitted}.
   */
  admit (live: LiveSession): boolean {
    return this.#places.occupy(live.place)
  }

  /**
   * Waits for the owner's share, then calls `use` with the live session in which the requests may run. It may be
   * another live session than before.
   *
   * @param live the live session that the caller uses
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_SESSION_GONE
   */
  async whenAdmitted<T> (live: LiveSession, use: UseLive<T>): Promise<T> {
    // A waiting request must not block a place.
    live.leave()
    try {
      await this.#wait(live, () => this.#places.occupy(live.place))
    } finally {
      live.enter()
    }
    if (this.#isUsable(live)) return await use(live)
    if (!await this.sessions.touch(live.session)) throw new HoldfastError('HOLDFAST_SESSION_GONE')
    return await this.withServer(live.session, true, use)
  }

  isStarting (key: RecordKey): boolean { return this.#starting.has(key) }

  /** How many requests wait for a session to become live. */
  waiting (key: RecordKey): number { return this.#starting.get(key)?.live.entered ?? 0 }

  /** Drops the server object of a session that has ended. */
  async end (key: RecordKey, reason: 'terminated' | 'expired'): Promise<void> {
    const live = this.#byKey.get(key)
    if (live !== undefined) await this.#remove(live, reason)
    else if (this.#starting.has(key)) this.#doomed.add(key)
  }

  /**
   * Makes sessions dormant that were unused for a while. A session that cannot become dormant ends when it has expired;
   * the message that says so may have been lost.
   */
  async makeIdleDormant (now = performance.now()): Promise<void> {
    const left: Array<Promise<void>> = []
    for (const live of this.#lru) {
      if (now - live.usedAt < this.settings.dormantAfter) break
      if (live.busy) continue
      if (live.lasting) {
        if (now - live.usedAt >= this.sessions.vault.idle) left.push(this.#endIfGone(live))
      } else if (now - live.heardAt >= this.settings.dormantAfter) left.push(this.#remove(live, 'dormant'))
    }
    await Promise.all(left)
  }

  /** Resolves when no request runs here or waits for its server, or when the time is over. */
  async idle (timeout: number): Promise<void> {
    await within(this.#quiet(), timeout)
  }

  async #quiet (): Promise<void> {
    if (this.#starting.size > 0) {
      await Promise.allSettled(Array.from(this.#starting.values(), async ({ ready }) => await ready))
      // In the next turn of the event loop, the requests that waited for a server run in it.
      await setImmediate()
    }
    await Promise.all(Array.from(this, async live => await live.transport.idle()))
  }

  /** Prevents further sessions from becoming live. Waiting requests fail with HOLDFAST_CLOSED. */
  stop (): void {
    this.#closed = true
    this.#queue.end()
    for (const { refuse } of this.#starting.values()) refuse()
  }

  /** Closes every server object. The sessions go on elsewhere. */
  async close (): Promise<void> {
    this.stop()
    this.#mismatches.report()
    await Promise.allSettled([...this.#making, ...Array.from(this, async live => {
      if (live.lasting) await this.sessions.terminate(live.session).catch(error => this.sessions.report(error))
      await this.#remove(live, 'closing')
    })])
    await Promise.all(this.#closing.values())
  }

  #begin (session: Session, activated: boolean, renew: RenewContext | undefined): Starting {
    const { key } = session
    const live = this.#live(session, activated)
    const making = this.#start(live, renew).catch(error => {
      if (activated && !isEnding(error)) this.sessions.emit('activationFailed', { ...sessionNotice(session), error })
      throw error
    }).finally(() => {
      this.#making.delete(making)
      this.#starting.delete(key)
      this.#doomed.delete(key)
    })
    this.#making.add(making)
    const starting = { live } as Starting
    starting.ready = new Promise((resolve, reject) => {
      making.then(resolve, reject)
      starting.refuse = () => reject(new HoldfastError('HOLDFAST_CLOSED'))
    })
    this.#starting.set(key, starting)
    return starting
  }

  async #start (live: LiveSession, renew: RenewContext | undefined): Promise<void> {
    const { id, key, principal } = live.session
    await this.#closing.get(key)
    if (live.activated) await this.#renewal.renew(live.session, renew)
    await this.#wait(live, () => this.#takePlace(live))
    try {
      await this.#connect(live)
      if (live.lasting) await bindTo(live.session, this.sessions.fleet.replica)
      if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
      if (this.#doomed.has(key)) throw new HoldfastError('HOLDFAST_SESSION_GONE')
      if (live.transport.isClosed) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server closed itself')
    } catch (error) {
      this.#leavePlace(live)
      await live.close('closing').finally(() => this.#giveBackPlace(live))
      throw error
    }
    this.#byId.set(id, live)
    this.#byName.set(nameOf(id, principal), live)
    this.#byKey.set(key, live)
    if (live.activated) this.sessions.emit('activated', { ...sessionNotice(live.session), principal })
  }

  /** Waits for a place. Most calls are short, so a place is free soon. */
  async #wait (live: LiveSession, tryTake: () => boolean): Promise<void> {
    if (await this.#queue.take(live.place.owner, tryTake)) return
    if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
    this.sessions.emit('limitReached', { limit: 'maxLive', owner: live.session.owner, admitted: false })
    throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
  }

  async #withDormant<T> (id: string, principal: Principal | null, use: Use<T>): Promise<T | undefined> {
    const session = await this.sessions.open(id, principal)
    // Without its server object, or in another process, a lasting session is unknown.
    if (session?.state.replica !== undefined) return undefined
    if (session !== undefined) return await use(session)
    this.#mismatches.note(id, principal)
    return undefined
  }

  #of (id: string, principal: Principal | null): LiveSession | undefined {
    const live = this.#byName.get(nameOf(id, principal))
    return live !== undefined && samePrincipal(live.session.principal, principal) ? live : undefined
  }

  #isUsable (live: LiveSession): boolean {
    return this.#byKey.get(live.session.key) === live && !live.transport.isClosed
  }

  #use (live: LiveSession): void {
    live.usedAt = performance.now()
    this.#lru.use(live)
  }

  #idle (live: LiveSession): void {
    if (this.#byKey.get(live.session.key) === live) {
      this.#use(live)
      if (!live.lasting) this.#places.rest(live.place, live.busy)
    }
    this.#queue.freed()
  }

  /** Takes a place for a server object. When all are taken, an idle session becomes dormant for it. */
  #takePlace (live: LiveSession): boolean {
    if (this.#closed) return false
    const taken = this.#places.take(live.place)
    if (taken?.leaves !== undefined) void this.#remove(taken.leaves, 'dormant')
    return taken !== undefined
  }

  /** Frees the place for other owners. Its own owner waits until the server has closed. */
  #leavePlace (live: LiveSession): void {
    this.#places.leave(live.place)
    this.#queue.freed()
  }

  #giveBackPlace (live: LiveSession): void {
    this.#places.giveBack(live.place)
    this.#queue.freed()
  }

  #live (session: Session, activated: boolean): LiveSession {
    const { key, id } = session
    const wireIds = new WireIds(this.sessions.fleet.replica, () => ++this.#requestCount, this.deadlines)
    const standalone = this.log.writer(session, STANDALONE, (first, messages, ended) => {
      // A session stays live while a client listens to its server, even without requests.
      const now = performance.now()
      const ask = now - live.heardAt >= this.settings.dormantAfter / 4
      if (this.streams.deliver(key, STANDALONE, first, messages, ended, ask)) live.heardAt = now
    })
    const transport = new DurableTransport(id, wireIds, standalone)
    const live: LiveSession = new LiveSession(
      session, transport, activated, this.sessions, this.settings.factoryTimeout,
      async (session, context) => await this.#renewal.set(session, context),
      () => this.#places.occupy(live.place, true),
      () => this.#idle(live),
      () => { if (live.lasting) void this.#giveUp(live).catch(error => this.sessions.report(error)) }
    )
    return live
  }

  async #connect (live: LiveSession): Promise<void> {
    const { createServer, serverOptions, factoryTimeout } = this.settings
    const connecting = (async () => { await live.connect(heldServer(await createServer(live, { serverOptions }))) })()
    try {
      if (!await within(connecting, factoryTimeout, true)) throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT')
    } catch (error) {
      // A server that the factory returns too late must be closed, too.
      const late = async (): Promise<void> => await live.close('closing')
      connecting.then(late, late)
      throw isHoldfastError(error) ? error : new HoldfastError('HOLDFAST_FACTORY_FAILED', undefined, { cause: error })
    }
  }

  /** Whether neither a renewal is due nor the server object lacks a renewed context. */
  #isCurrent (live: LiveSession, renew: RenewContext | undefined): boolean {
    const isDue = renew !== undefined && this.#renewal.isDue(live.renewedAt)
    return live.renewing === undefined && live.knowsContext && !isDue
  }

  /** Renews the context when that is due, once for all calls that wait. False: the server object must be made again. */
  async #hasContext (live: LiveSession, renew: RenewContext | undefined): Promise<boolean> {
    live.renewing ??= this.#renew(live, renew).finally(() => { live.renewing = undefined })
    return await live.renewing
  }

  async #renew (live: LiveSession, renew: RenewContext | undefined): Promise<boolean> {
    if (renew !== undefined && this.#renewal.isDue(live.renewedAt)) {
      live.renewedAt = performance.now()
      await this.#renewal.renew(live.session, renew)
    }
    return await live.takeContext()
  }

  /** Lets a server object go that is of no more use. Its session goes on with another, or ends when it cannot. */
  async #giveUp (live: LiveSession): Promise<void> {
    const { lasting } = live
    if (lasting) await this.sessions.terminate(live.session)
    await this.#remove(live, lasting ? 'terminated' : 'dormant')
  }

  async #endIfGone ({ session: { key } }: LiveSession): Promise<void> {
    if (await this.sessions.get({ key }) === undefined) await this.end(key, 'expired')
  }

  async #remove (live: LiveSession, reason: DisposeReason): Promise<void> {
    if (this.#byKey.get(live.session.key) !== live) return await this.#closing.get(live.session.key)
    const { id, key, principal } = live.session
    this.#byId.delete(id)
    this.#byName.delete(nameOf(id, principal))
    this.#byKey.delete(key)
    this.#lru.delete(live)
    const closing = live.close(reason).finally(() => {
      if (this.#closing.get(key) === closing) this.#closing.delete(key)
      this.#giveBackPlace(live)
    })
    this.#closing.set(key, closing)
    this.#leavePlace(live)
    await closing
  }
}

/**
 * The name under which a live session is found. It contains the subject, so that a request of another principal does
 * not find the session: finding it first and refusing it then would take measurably longer than finding nothing.
 */
function nameOf (id: string, principal: Principal | null): string {
  return principal === null ? id : `${id} ${principal.subject}`
}

/**
 * Notes the replica without which a session cannot go on.
 *
 * @throws HoldfastError HOLDFAST_SESSION_GONE when another replica was faster
 */
async function bindTo (session: Session, replica: string): Promise<void> {
  const state = await session.change(state => state.replica === undefined ? { ...state, replica } : state)
  if (state.replica !== replica) throw new HoldfastError('HOLDFAST_SESSION_GONE')
}

/** Whether the session, or this process, ended meanwhile. */
function isEnding (error: unknown): boolean {
  return isHoldfastError(error, 'HOLDFAST_SESSION_GONE') || isHoldfastError(error, 'HOLDFAST_CLOSED')
}
