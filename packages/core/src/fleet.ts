import type { Bus } from './backend.js'
import type { BoundCodec } from './codec.js'
import { HoldfastError } from './errors.js'
import { type FleetDetails, type FleetMessage, type FleetMessageType, readMessage } from './fleet-messages.js'
import { isObject, parseJson } from './json.js'
import type { RecordKey } from './record.js'
import { within } from './within.js'

/** Milliseconds that a sender waits for the bus. */
const BUS_WAIT = 5_000

/**
 * Sends sealed messages between the replicas of one namespace over a bus. Nothing may depend on their arrival: at
 * intervals, `OpenStreams.checkForeign` of the transport finds a lost `wake`, and `Replica` touches the sessions in use
 * and finds a lost `gone`.
 */
export class Fleet {
  constructor (
    private readonly bus: Bus,
    private readonly codec: BoundCodec,
    private readonly namespace: string,
    /** The random id of this replica, new in every process. */
    readonly replica: string,
    private readonly report: (error: unknown) => void
  ) {}

  /**
   * Sends a message to every other replica. Waits five seconds at most. With `echo`, this replica receives its own
   * message, too, in the same order as all other replicas.
   */
  async tell<Type extends FleetMessageType> (
    type: Type, key: RecordKey, details: FleetDetails[Type], { echo = false } = {}
  ): Promise<void> {
    const message = { ...details, ...(echo && { echo }), type, key, from: this.replica }
    const sent = this.#publish(this.#everyone, message).catch(this.report)
    await within(sent, BUS_WAIT)
  }

  /** Tells every other replica that sessions have ended. */
  async tellGone (keys: readonly RecordKey[], reason: 'terminated' | 'expired'): Promise<void> {
    await this.tell('gone', '', { keys, reason })
  }

  /**
   * Sends a message to one replica. False when that replica does not listen.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE when the bus does not answer in five seconds
   */
  async tellReplica<Type extends FleetMessageType> (
    to: string, type: Type, key: RecordKey, details: FleetDetails[Type]
  ): Promise<boolean> {
    const sent = this.#publish(this.#one(to), { ...details, type, key, from: this.replica })
    if (!await within(sent, BUS_WAIT)) {
      throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'The bus does not answer.')
    }
    return await sent > 0
  }

  /** Receives the messages to this replica and to all. Resolves, once messages arrive, to a function that stops it. */
  async listen (listener: (message: FleetMessage) => void | Promise<void>): Promise<() => Promise<void>> {
    const receive = (sealed: Uint8Array): void => { this.#receive(sealed, listener).catch(this.report) }
    const stopOne = await this.bus.subscribe(this.#one(this.replica), receive)
    try {
      const stopEveryone = await this.bus.subscribe(this.#everyone, receive)
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

  async #receive (sealed: Uint8Array, listener: (message: FleetMessage) => void | Promise<void>): Promise<void> {
    const value = parseJson(await this.codec.open('message', '', sealed))
    const message = readMessage(value)
    const echo = isObject(value) && value.echo === true
    if (message !== undefined && (message.from !== this.replica || echo)) await listener(message)
  }
}
