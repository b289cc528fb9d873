import { HoldfastError, type Sessions, isHoldfastError, mintSessionId, ownerDigest, within } from '@holdfast/core'
import {
  type CommonServerOptions, type CreateServer, Deadlines, type DisposeReason, LivePlaces, PlaceQueue, heldServer
} from '@holdfast/transport'
import { BridgedServer } from './bridged-server.js'
import { EphemeralSession } from './ephemeral-session.js'
import { InvalidHandshake } from './invalid-handshake.js'
import type { Wanted } from './pool-key.js'

/** Milliseconds that a call waits for a place among the server objects. */
const PLACE_WAIT = 2_000

export interface PoolSettings {
  createServer: CreateServer
  serverOptions: CommonServerOptions
  /** Maximum number of server objects at the same time. At most half of them may be busy ones of one owner. */
  maxLive: number
  /** Milliseconds that a server object stays without use. */
  dormantAfter: number
  /** Milliseconds that `createServer` and the handshake may take together, and a server to let go of what it holds. */
  factoryTimeout: number
}

/** The server objects behind the bridge: those that run a request, that wait for answers, and that rest. */
export class ServerPool {
  readonly #places: LivePlaces<BridgedServer>
  readonly #queue = new PlaceQueue(PLACE_WAIT)
  readonly #resting = new Map<string, BridgedServer[]>()
  readonly #idle: Deadlines<BridgedServer>
  readonly #servers = new Set<BridgedServer>()
  readonly #closing = new Set<Promise<void>>()
  #closed = false

  constructor (private readonly sessions: Sessions, private readonly settings: PoolSettings) {
    // Resting servers are never used by anybody while they rest, and parked ones give way.
    this.#places = new LivePlaces(settings.maxLive, () => false)
    this.#idle = new Deadlines(
      settings.dormantAfter, server => this.retire(server), error => sessions.report(error)
    )
  }

  /** Server objects that exist. */
  get size (): number { return this.#servers.size }

  /**
   * A server object for one call, connected and busy. Give it back with {@link release} or {@link retire}.
   *
   * @throws HoldfastError HOLDFAST_LIMIT_REACHED, HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT, HOLDFAST_CLOSED
   * @throws InvalidHandshake
   */
  async acquire (wanted: Wanted): Promise<BridgedServer> {
    if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
    const server = this.#take(wanted) ?? await this.#wait(wanted)
    server.session.serve(wanted.user)
    if (server.introduction !== undefined) return server
    try {
      await this.#connect(server, wanted)
      if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
      if (server.transport.isClosed) throw new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server closed itself')
    } catch (error) {
      this.retire(server)
      throw error
    }
    return server
  }

  /** The call of a server is over, and another one may use the server. */
  release (server: BridgedServer): void {
    const { pooled, transport, session, place } = server
    if (pooled === undefined || transport.isClosed || this.#closed) return this.retire(server)
    session.rest()
    const resting = this.#resting.get(pooled)
    if (resting === undefined) this.#resting.set(pooled, [server])
    else resting.push(server)
    server.onclosed = () => this.retire(server)
    this.#places.rest(place)
    this.#idle.add(server)
    this.#queue.freed()
  }

  /** The call of a server waits for its client, so the place may go to another owner. */
  park (server: BridgedServer): void {
    this.#places.rest(server.place, true)
    this.#queue.freed()
  }

  /** A parked call goes on. */
  resume (server: BridgedServer): void {
    this.#places.occupy(server.place, true)
  }

  /** Lets a server go. */
  retire (server: BridgedServer, reason: DisposeReason = this.#closed ? 'closing' : 'dormant'): void {
    if (!this.#servers.delete(server)) return
    this.#unrest(server)
    this.#places.leave(server.place)
    this.#queue.freed()
    const closing = server.close(reason).finally(() => {
      this.#closing.delete(closing)
      this.#places.giveBack(server.place)
      this.#queue.freed()
    })
    this.#closing.add(closing)
  }

  /** Makes no further server. Waiting calls fail with HOLDFAST_CLOSED. */
  stop (): void {
    this.#closed = true
    this.#queue.end()
  }

  /** Lets go of all servers. Resolves in time. */
  async close (): Promise<void> {
    this.stop()
    for (const server of this.#servers) this.retire(server)
    await Promise.all(this.#closing)
  }

  async #wait (wanted: Wanted): Promise<BridgedServer> {
    let server: BridgedServer | undefined
    await this.#queue.take(wanted.owner, () => {
      server = this.#take(wanted)
      return server !== undefined
    })
    if (server !== undefined) return server
    if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
    const owner = ownerDigest(this.sessions.vault.namespace, wanted.user.principal)
    this.sessions.emit('limitReached', { limit: 'maxLive', owner, admitted: false })
    throw new HoldfastError('HOLDFAST_LIMIT_REACHED')
  }

  /** A resting server with the same key, or a place for a new one. */
  #take (wanted: Wanted): BridgedServer | undefined {
    if (this.#closed) return undefined
    const { key } = wanted
    const resting = key === undefined ? undefined : this.#resting.get(key)?.at(-1)
    if (resting !== undefined) {
      if (!this.#places.occupy(resting.place)) return undefined
      this.#unrest(resting)
      return resting
    }
    const { vault, fleet } = this.sessions
    const id = mintSessionId()
    const session = new EphemeralSession(id, vault.locate(id, wanted.user.principal).key, fleet.replica)
    const server = new BridgedServer(
      wanted, session, this.settings.factoryTimeout, error => this.sessions.report(error)
    )
    const taken = this.#places.take(server.place)
    if (taken === undefined) return undefined
    this.#servers.add(server)
    if (taken.leaves !== undefined) {
      taken.leaves.onevicted?.()
      this.retire(taken.leaves)
    }
    return server
  }

  #unrest (server: BridgedServer): void {
    server.onclosed = undefined
    this.#idle.delete(server)
    const { pooled = '' } = server
    const left = this.#resting.get(pooled)?.filter(other => other !== server) ?? []
    if (left.length > 0) this.#resting.set(pooled, left)
    else this.#resting.delete(pooled)
  }

  async #connect (server: BridgedServer, { capabilities, client }: Wanted): Promise<void> {
    const { createServer, serverOptions, factoryTimeout } = this.settings
    const connecting = (async () => {
      await server.connect(heldServer(await createServer(server.session, { serverOptions })), capabilities, client)
    })()
    try {
      if (!await within(connecting, factoryTimeout, true)) throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT')
    } catch (error) {
      // A server that the factory returns too late must be closed, too.
      const late = async (): Promise<void> => await server.close('closing')
      connecting.then(late, late)
      if (error instanceof InvalidHandshake || isHoldfastError(error)) throw error
      throw new HoldfastError('HOLDFAST_FACTORY_FAILED', undefined, { cause: error })
    }
  }
}
