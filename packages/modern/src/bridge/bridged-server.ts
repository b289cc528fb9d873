import { setImmediate } from 'node:timers/promises'
import { HoldfastError, type JsonObject, within } from '@holdfast/core'
import { type DetachedTransport, type DisposeReason, type HeldServer, Place, type Waiting } from '@holdfast/transport'
import { BridgeTransport } from './bridge-transport.js'
import type { EphemeralSession } from './ephemeral-session.js'
import { InvalidHandshake } from './invalid-handshake.js'
import type { Wanted } from './pool-key.js'

/** What a server said of itself in the handshake. */
export interface Introduction {
  readonly capabilities: Readonly<JsonObject>
  readonly serverInfo: Readonly<JsonObject>
  readonly instructions?: string
}

/** A server object behind the bridge, which runs one request at a time. */
export class BridgedServer implements Waiting<BridgedServer> {
  declare older?: BridgedServer | undefined
  declare newer?: BridgedServer | undefined
  declare since: number
  readonly place: Place<BridgedServer>
  readonly transport: BridgeTransport
  /** Undefined until the handshake is done. */
  introduction: Introduction | undefined
  /** The level of log messages that a client has asked for last. */
  logLevel: string | undefined
  /** Called when another owner takes the place, while the server waits for answers of its client. */
  onevicted: (() => void) | undefined
  /** Called when the server has closed itself. */
  onclosed: (() => void) | undefined
  #held: HeldServer | undefined

  /** Under which key the server may be used again; undefined when it may not. */
  readonly pooled: string | undefined

  /**
   * @param closeTimeout milliseconds that the server may take to let go of what it holds
   * @param report called with what concerns no caller
   */
  constructor (
    { owner, nobody, key, mixed }: Wanted,
    readonly session: EphemeralSession,
    private readonly closeTimeout: number,
    private readonly report: (error: unknown) => void
  ) {
    this.pooled = key
    this.place = new Place(owner, this, nobody)
    this.transport = new BridgeTransport(session.id, mixed, report)
  }

  /**
   * Connects a server and shakes hands with it, as a client of revision 2025-11-25 does.
   *
   * @throws InvalidHandshake when the server refuses what the client says of itself
   * @throws HoldfastError HOLDFAST_FACTORY_FAILED
   */
  async connect (held: HeldServer, capabilities: object, client: object): Promise<void> {
    this.#held = held
    this.transport.ondetached = after => {
      void detach(held, after)
      this.onclosed?.()
    }
    await held.server.connect(this.transport)
    const answer = await this.transport.ask('initialize', {
      protocolVersion: '2025-11-25', capabilities: capabilities as JsonObject, clientInfo: client as JsonObject
    })
    // The SDK refuses nothing but what it cannot read, and SDK v1 calls that an internal error.
    if ('error' in answer) {
      throw this.transport.isClosed
        ? new HoldfastError('HOLDFAST_FACTORY_FAILED', 'the server closed itself')
        : new InvalidHandshake()
    }
    const { capabilities: own = {}, serverInfo = {}, instructions, protocolVersion } = answer.result as JsonObject
    if (typeof protocolVersion === 'string') this.session.protocolVersion = protocolVersion
    this.introduction = {
      capabilities: own as JsonObject,
      serverInfo: serverInfo as JsonObject,
      ...(typeof instructions === 'string' && { instructions })
    }
    this.transport.tell({ jsonrpc: '2.0', method: 'notifications/initialized' })
    // What the server does on its own after the handshake must not be taken for a part of the first call.
    await setImmediate()
  }

  /** Lets the server object go. Resolves in time even if that does not. */
  async close (reason: DisposeReason): Promise<void> {
    const disposed = this.#dispose(reason).catch(this.report)
    if (!await within(disposed, this.closeTimeout)) this.report(new Error('a server was not disposed of in time'))
  }

  async #dispose (reason: DisposeReason): Promise<void> {
    const held = this.#held
    this.#held = undefined
    // A handler that was cancelled just now learns of it first.
    await setImmediate()
    try {
      // One that closed itself is connected elsewhere by now.
      if (!this.transport.isClosed) await held?.server.close()
    } finally {
      await this.transport.close()
      await held?.dispose?.(reason)
    }
  }
}

async function detach ({ server }: HeldServer, after: DetachedTransport): Promise<void> {
  try {
    await server.connect(after)
  } catch {
    // A server that cannot be connected again rejects what it says from now on, as it would without us.
  }
}
