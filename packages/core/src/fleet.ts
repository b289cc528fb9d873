import type { Bus } from './backend.js'
import type { BoundCodec } from './codec.js'
import { HoldfastError } from './errors.js'
import { type Json, isObject, parseJson } from './json.js'
import type { RecordKey } from './record.js'
import { within } from './within.js'

/** Milliseconds that whoever tells waits for the bus. */
const PATIENCE = 5_000

/** What one replica tells others about a session. */
export interface FleetMessage {
  type: string
  key: RecordKey
  /** The replica that says it. */
  from: string
  [detail: string]: Json
}

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

  /** Tells every replica, waiting five seconds at most, this one left out; with the detail `echo: true` this one as well, in the order in which all hear it. */
  async tell (type: string, key: RecordKey, details: Record<string, Json> = {}): Promise<void> {
    const told = this.#publish(this.#everyone, { ...details, type, key, from: this.replica }).catch(this.report)
    await within(told, PATIENCE)
  }

  /** Tells every other replica that sessions have ended. */
  async tellGone (keys: RecordKey[], reason: 'terminated' | 'expired'): Promise<void> {
    await this.tell('gone', '', { keys, reason })
  }

  /**
   * Tells one replica. False when it is not there.
   *
   * @throws HoldfastError HOLDFAST_BACKEND_UNAVAILABLE when the bus does not answer in five seconds
   */
  async tellReplica (to: string, type: string, key: RecordKey, details: Record<string, Json> = {}): Promise<boolean> {
    const told = this.#publish(this.#one(to), { ...details, type, key, from: this.replica })
    if (!await within(told, PATIENCE)) throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'The bus does not answer.')
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

  async #publish (channel: string, message: FleetMessage): Promise<number> {
    return await this.bus.publish(channel, await this.codec.seal('message', '', Buffer.from(JSON.stringify(message))))
  }

  async #hear (sealed: Uint8Array, listener: (message: FleetMessage) => void | Promise<void>): Promise<void> {
    const message = parseJson(await this.codec.open('message', '', sealed))
    if (!isMessage(message)) throw new HoldfastError('HOLDFAST_INVALID_STATE', 'A message on the bus cannot be read.')
    if (message.from !== this.replica || message.echo === true) await listener(message)
  }
}

function isMessage (value: unknown): value is FleetMessage {
  return isObject(value) && typeof value.type === 'string' && typeof value.key === 'string' && typeof value.from === 'string'
}
