import { type Json, Sweeper, claimExpired, isHoldfastError, ownerDigest, ownerName } from '@holdfast/core'
import { type FleetHandlers, INVALID_PARAMS } from '@holdfast/transport'
import { NO_METHOD, TOO_MANY_PARKED, TOO_MANY_SERVERS } from '../endings.js'
import type { ModernCall, Outcome } from '../modern-call.js'
import type { CancelReason, ModernServer } from '../modern-server.js'
import { bindingOf } from '../request-binding.js'
import { Attempt } from '../parked/attempt.js'
import { answersOf } from '../input-responses.js'
import { type CallHead, CallLog } from '../parked/call-log.js'
import { type CallState, sealState } from '../parked/call-state.js'
import type { Handler, ParkedCall } from '../parked/parked-call.js'
import { ParkedCalls } from '../parked/parked-calls.js'
import { Retries } from '../parked/retries.js'
import type { InputRequest } from '../parked/story.js'
import { type BridgeOptions, type BridgeSettings, bridgeSettings } from './bridge-options.js'
import { BridgedCall, type CallHost } from './bridged-call.js'
import type { BridgedServer, Introduction } from './bridged-server.js'
import { missingCapability, missingFor } from './client-capabilities.js'
import { InvalidHandshake } from './invalid-handshake.js'
import { ASKING, isWithheld } from './names.js'
import { nameOf, wantedBy } from './pool-key.js'
import { discoverOutcome, inputRequired } from './results.js'
import { ServerPool } from './server-pool.js'
import { ToolSchemas } from './tool-schemas.js'

/** Stored stories for each call that may wait in one process, of all and of one owner. */
const STORED = 100
/** Those of them that have ended in one process. They stay for clients that ask again. */
const KEPT = 10

/** A server for modern clients, made of servers for sessions. */
export interface BridgeServer extends ModernServer {
  /** Takes the messages of other replicas. Give them to the `Endpoint`. */
  readonly fleetHandlers: FleetHandlers
  /** Server objects of the bridge in this process. */
  readonly liveCount: number
  /** Calls that wait for answers in this process. */
  readonly parkedCount: number
}

/**
 * Serves MCP 2026-07-28 with a `createServer` that was written for sessions, of SDK v1 or v2. Its handlers may ask the
 * client and wait for the answer.
 *
 * @throws InvalidOptionError naming the option
 */
export function bridge (options: BridgeOptions): BridgeServer {
  return new Bridge(bridgeSettings(options))
}

class Bridge implements BridgeServer, CallHost {
  readonly fleetHandlers: FleetHandlers
  readonly #pool: ServerPool
  readonly #log: CallLog
  readonly #parked: ParkedCalls
  readonly #retries: Retries
  readonly #sweeper: Sweeper
  readonly #schemas: ToolSchemas
  readonly #running = new Map<ModernCall, BridgedCall>()
  /** The contexts of calls that were asked for before their call began. */
  readonly #contexts = new WeakMap<ModernCall, Promise<Json>>()
  #questions = 0

  constructor (private readonly settings: BridgeSettings) {
    const { sessions, parkTimeout, maxParked, maxParkedPerOwner, heartbeat } = settings
    const pool = this.#pool = new ServerPool(sessions, settings)
    this.#schemas = new ToolSchemas(pool, async call => await this.#acquire(call), settings.factoryTimeout)
    this.#log = new CallLog(sessions, parkTimeout, {
      maxRecords: maxParked * STORED, maxPerOwner: maxParkedPerOwner * STORED
    }, { perOwner: maxParkedPerOwner * KEPT, ofNobody: maxParked * KEPT })
    this.#parked = new ParkedCalls(sessions, this.#log, settings)
    const retries = this.#retries = new Retries(
      sessions, this.#log, this.#parked, async (...asked) => await this.#ask(...asked), heartbeat
    )
    this.#sweeper = new Sweeper({
      vault: { idle: parkTimeout, absolute: parkTimeout },
      sweep: async () => await claimExpired(this.#log.store, 50),
      report: error => sessions.report(error)
    })
    this.fleetHandlers = {
      'call-answer': async message => await this.#parked.answer(message),
      'call-leave': message => this.#parked.leave(message),
      'call-said': message => retries.readers.said(message),
      'call-unknown': ({ key }) => retries.readers.unknown(key)
    }
  }

  get liveCount (): number { return this.#pool.size }

  get parkedCount (): number { return this.#parked.size }

  async start (): Promise<void> {
    this.#sweeper.start()
  }

  async serve (call: ModernCall): Promise<void> {
    const { method, params } = call.request
    if (isWithheld(method)) return call.end(NO_METHOD)
    const mayAsk = ASKING.has(method)
    if (mayAsk && params?.requestState !== undefined) return await this.#retries.serve(call)
    // Answers without a state belong to a call that runs anew: after visits of URLs, or given before anybody asks.
    const answers = mayAsk ? answersOf(call.request) : new Map<string, never>()
    if (!(answers instanceof Map)) return call.end(answers as Outcome)
    const server = await this.#server(call)
    if (server === undefined) return
    if (method === 'server/discover') {
      this.#pool.release(server)
      return call.end(discoverOutcome(server.introduction as Introduction))
    }
    const running = new BridgedCall(this, call, server, answers)
    this.#running.set(call, running)
    try {
      running.start()
      await running.ended
    } catch (error) {
      // There is no room for its story.
      if (!isHoldfastError(error, 'HOLDFAST_LIMIT_REACHED')) throw error
      call.end(TOO_MANY_PARKED)
    } finally {
      this.#running.delete(call)
    }
  }

  cancel (call: ModernCall, reason: CancelReason): void {
    if (!this.#retries.cancel(call, reason)) this.#running.get(call)?.cancel(reason)
  }

  /** Undefined for an unknown tool. A promise only where the tools must be asked for. */
  inputSchema (call: ModernCall, tool: string): unknown {
    if (call.inbound.context === undefined) return this.#schemas.of(this.#caller(call, null), tool, call)
    return this.#context(call).then(async context => await this.#schemas.of(this.#caller(call, context), tool, call))
  }

  async close (): Promise<void> {
    this.#pool.stop()
    await Promise.all([this.#sweeper.stop(), this.#parked.close()])
    await this.#pool.close()
  }

  park (call: ModernCall, handler: Handler, { serverInfo }: Introduction): ParkedCall | undefined {
    const { principal } = call.inbound
    const binding = bindingOf(ownerDigest(this.settings.sessions.vault.namespace, principal), call.request)
    return this.#parked.park(principal, { binding, serverInfo }, handler)
  }

  firstAttempt (call: ModernCall, parked: ParkedCall): Attempt {
    const { id, head, expires } = parked
    const reader = 'first'
    const state = { call: id, replica: this.settings.sessions.fleet.replica, position: 0, expires }
    const attempt = new Attempt(call, parked.story, 0, [], {
      ask: async (open, position) => await this.#demand(open, { ...state, position }, head),
      done: () => parked.forget(reader)
    }, 0)
    parked.answer(reader, { grown: () => attempt.advance(), failed: error => attempt.failed(error) }, 0, new Map())
    return attempt
  }

  wireId (): string {
    return `${this.settings.sessions.fleet.replica}.${++this.#questions}`
  }

  release (server: BridgedServer, spent: boolean): void {
    if (spent) this.#pool.retire(server)
    else this.#pool.release(server)
  }

  rested (server: BridgedServer): void {
    this.#pool.park(server)
  }

  resumed (server: BridgedServer): void {
    this.#pool.resume(server)
  }

  /** A server object for a call; undefined when the call is over by then. */
  async #acquire (call: ModernCall): Promise<BridgedServer | undefined> {
    const context = call.inbound.context === undefined ? null : await this.#context(call)
    if (call.isOver) return undefined
    const server = await this.#pool.acquire(wantedBy(call, context, this.settings.perReplica))
    if (!call.isOver) return server
    this.#pool.release(server)
    return undefined
  }

  /** {@link #acquire} that ends the call when its client is to blame, or must wait. */
  async #server (call: ModernCall): Promise<BridgedServer | undefined> {
    try {
      return await this.#acquire(call)
    } catch (error) {
      if (error instanceof InvalidHandshake) call.end(refusedClient)
      else if (isHoldfastError(error, 'HOLDFAST_LIMIT_REACHED')) call.end(TOO_MANY_SERVERS)
      else throw error
      return undefined
    }
  }

  /** The context of the request, resolved once. */
  #context (call: ModernCall): Promise<Json> {
    let context = this.#contexts.get(call)
    if (context === undefined) {
      context = (async () => await call.inbound.context?.() ?? null)()
      this.#contexts.set(call, context)
    }
    return context
  }

  /** Those who may get different tools. */
  #caller ({ inbound: { principal } }: ModernCall, context: Json): string {
    return nameOf([ownerName(principal), context])
  }

  /** Asks the client of a retry for what is open, if it can be asked. */
  async #ask (
    call: ModernCall, open: ReadonlyMap<string, InputRequest>, state: CallState, head: CallHead
  ): Promise<Outcome> {
    const missing = missingFor(open.values(), call.meta.capabilities)
    return missing === undefined ? await this.#demand(open, state, head) : missingCapability(missing)
  }

  async #demand (
    open: ReadonlyMap<string, InputRequest>, state: CallState, { binding, serverInfo }: CallHead
  ): Promise<Outcome> {
    const requestState = await sealState(this.settings.sessions.vault.codec, binding, state)
    return inputRequired(Object.fromEntries(open), serverInfo, requestState)
  }
}

const refusedClient: Outcome = {
  error: { code: INVALID_PARAMS, message: 'Invalid params: the server refused clientCapabilities or clientInfo' },
  status: 400
}
