import { HoldfastError } from '@holdfast/core'
import type { Inbound } from '@holdfast/transport'
import { TOO_MANY_SERVERS } from '../endings.js'
import { answersOf } from '../input-responses.js'
import type { ModernCall, Outcome } from '../modern-call.js'
import type { CancelReason, ModernServer } from '../modern-server.js'
import { findLeak } from './leak-check.js'
import type { Leg } from './leg.js'
import { Legs, type Slot } from './legs.js'
import { LegOpener } from './open-leg.js'
import { type SharedServerOptions, type SharedSettings, readOptions } from './options.js'
import { loadSdk } from './sdk.js'
import { ServedCall } from './served-call.js'

/** The key without `per`. */
const ALL = ''

/**
 * Serves modern requests with servers of SDK v2: one server object on one connection for all of them, or one for each
 * key that `per` names. The package `@modelcontextprotocol/server` 2.4 or newer must be installed.
 *
 * @throws InvalidOptionError
 */
export function sharedServer (options: SharedServerOptions): SharedServer {
  return new SharedServer(readOptions(options))
}

/** What {@link sharedServer} returns. */
export class SharedServer implements ModernServer {
  readonly #settings: SharedSettings
  readonly #running = new Map<ModernCall, ServedCall>()
  #legs: Legs | undefined
  #closed = false

  /** Use {@link sharedServer}. */
  constructor (settings: SharedSettings) {
    this.#settings = settings
  }

  /** Calls that run. */
  get size (): number { return this.#running.size }

  /**
   * Loads the SDK. Without `per`, it also makes the server and checks it; otherwise that happens at the first call of
   * each key.
   *
   * @throws HoldfastError HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT
   */
  async start (): Promise<void> {
    const { sdk, per, maxKeys, onError } = this.#settings
    const opener = new LegOpener(await loadSdk(sdk), this.#settings)
    this.#legs = new Legs(
      maxKeys,
      async key => await opener.open(per === undefined ? undefined : key),
      leg => { leg.close().catch(onError) }
    )
    if (per !== undefined) return
    const slot = this.#legs.use(ALL) as Slot
    await slot.ready
    this.#legs.release(slot)
  }

  // Not async: most calls find their server, and a promise for each would cost more than the rest of this.
  serve (call: ModernCall): void | Promise<void> {
    if (this.#legs === undefined || this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
    if (call.request.params?.inputResponses !== undefined) {
      // The SDK drops what is no answer.
      const answers = answersOf(call.request)
      if (!(answers instanceof Map)) return call.end(answers as Outcome)
    }
    const slot = this.#legs.use(this.#key(call.inbound))
    if (slot === undefined) {
      return call.end(TOO_MANY_SERVERS)
    }
    const served = new ServedCall(call, () => {
      this.#running.delete(call)
      this.#legs?.release(slot)
    })
    this.#running.set(call, served)
    return slot.leg === undefined ? this.#runLater(slot, served) : this.#run(slot.leg, served)
  }

  cancel (call: ModernCall, reason: CancelReason): void {
    const served = this.#running.get(call)
    if (served === undefined) return
    if (reason === 'gone' && served.keeper !== undefined) served.keeper.gone(() => { void stop(served, 'timeout') })
    else void stop(served, reason)
  }

  /** A promise at the first call of a key, whose server has to be made first. */
  inputSchema ({ inbound }: ModernCall, tool: string): unknown {
    if (this.#legs === undefined || this.#closed) return undefined
    const slot = this.#legs.use(this.#key(inbound))
    // `serve` refuses the call.
    if (slot === undefined) return undefined
    this.#legs.release(slot)
    return slot.leg === undefined ? slot.ready.then(leg => leg.inputSchema(tool)) : slot.leg.inputSchema(tool)
  }

  /**
   * Lets two made-up callers list the tools of each server that is there, and warns when a server keeps something of a
   * caller. For a test of the application.
   *
   * @returns whether there was no reason to warn
   */
  async checkLeaks (): Promise<boolean> {
    let clean = true
    for (const leg of this.#legs?.all() ?? []) {
      const leak = await findLeak(leg, this.#settings.createTimeout)
      if (leak === undefined) continue
      clean = false
      this.#settings.onWarning(leak)
    }
    return clean
  }

  async close (): Promise<void> {
    this.#closed = true
    await Promise.all(Array.from(this.#running.values(), async served => await stop(served, 'closing')))
    const closed = await Promise.allSettled(this.#legs?.clear().map(async leg => await leg.close()) ?? [])
    for (const result of closed) if (result.status === 'rejected') this.#settings.onError(result.reason)
  }

  #key (inbound: Inbound): string {
    const key = this.#settings.per === undefined ? ALL : this.#settings.per(inbound)
    if (typeof key === 'string') return key
    throw new TypeError('per returned no string, so it is unknown whose server this is')
  }

  async #runLater (slot: Slot, served: ServedCall): Promise<void> {
    let leg
    try {
      leg = await slot.ready
    } catch (error) {
      void served.abandon()
      throw error
    }
    if (!served.isOver) await this.#run(leg, served)
  }

  #run (leg: Leg, served: ServedCall): void | Promise<void> {
    served.leg = leg
    try {
      return leg.run(served)?.catch(error => fail(served, error))
    } catch (error) {
      return fail(served, error)
    }
  }
}

function stop (served: ServedCall, reason: CancelReason): Promise<void> | undefined {
  served.leg?.cancel(served, reason)
  return served.abandon()
}

/** The front ends the call with the error. */
function fail (served: ServedCall, error: unknown): never {
  void served.abandon()
  throw error
}
