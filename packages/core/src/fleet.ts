import type { Bus } from './backend.js'
import type { BoundCodec } from './codec.js'
import { HoldfastError } from './errors.js'
import { type FleetDetails, type FleetMessage, type FleetMessageType, readMessage } from './fleet-messages.js'
import { isObject, parseJson } from './json.js'
import type { RecordKey } from './record.js'
import { within } from './within.js'

/** Milliseconds that whoever tells waits for the bus. */
const PATIENCE = 5_000

/** The replicas of one namespace talking over a bus, sealed. Nothing depends on a message arriving. */
export class Fleet {
  constructor (
    private readonly bus: Bus,
    private readonly codec: BoundCodec,
    private readonly namespace: string,
    /** This replica's random id, new with every process. */
    readonly replica: string,
    private readonly report: (error: unknown) => void
  ) {}

  /**
   * Tells every other replica, waiting five seconds at most. With `echo`, this one hears it as well, in
   * the order in which all hear it.
   */
  async tell<Type extends FleetMessageType> (
    type: Type, key: RecordKey, details: FleetDetails[Type], { echo = false } = {}
  ): Promise<void> {
    const message = { ...details, ...(echo && { echo }), type, key, from: this.replica }
    const told = this.#publish(this.#everyone, message).catch(this.report)
    await within(told, PATIENCE)
  }

  /** Tells every other replica that sessions have ended. */
  async tellGone (keys: readonly RecordKey[], reason: 'terminated' | 'expired'): Promise<void> {
    await this.tell('gone', '', { keys, reason })
  }

  /**
   * Tells one replica. False when it is not there.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE when the bus does not answer in five seconds
   */
  async tellReplica<Type extends FleetMessageType> (
    to: string, type: Type, key: RecordKey, details: FleetDetails[Type]
  ): Promise<boolean> {
    const told = this.#publish(this.#one(to), { ...details, type, key, from: this.replica })
    if (!await within(told, PATIENCE)) {
      throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'The bus does not answer.')
    }
    return await told > 0
  }

  /** Hears what is meant for this replica or for all. Resolves once it does; the result stops it. */
  async listen (listener: (message: FleetMessage) => void | Promise<void>): Promise<() => Promise<void>> {
    const hear = (sealed: Uint8Array): void => { this.#hear(sealed, listener).catch(this.report) }
    const stopOne = await this.bus.subscribe(this.#one(this.replica), hear)
    try {
      const stopEveryone = await this.bus.subscribe(this.#everyone, hear)
      return async () => { await Promise.all([stopOne(), stopEveryone()]) }
    } catch (error) {
      await stopOne()
      throw error
    }
  }

  get #everyone (): string { return `${this.namespace}:fleet` }

  #one (replica: string): string { return `${this.namespace}:replica:${replica}` }

  async #publish (channel: string, message: object): Promise<number> {
    return await this.bus.publish(channel, await this.codec.seal('message', '', Buffer.from(JSON.stringify(message))))
  }

  async #hear (sealed: Uint8Array, listener: (message: FleetMessage) => void | Promise<void>): Promise<void> {
    const value = parseJson(await this.codec.open('message', '', sealed))
    const message = readMessage(value)
    const echo = isObject(value) && value.echo === true
    if (message !== undefined && (message.from !== this.replica || echo)) await listener(message)
  }
}
