import { randomBytes } from 'node:crypto'
import {
  type FleetMessage, type JsonObject, type Principal, type RecordKey, type Sessions, within
} from '@holdfast/core'
import { Deadlines, type Expiring } from '@holdfast/transport'
import type { CallHead, CallLog } from './call-log.js'
import { CANCELLED, OWNER_GONE } from '../endings.js'
import type { Answers } from '../input-responses.js'
import { type Handler, ParkedCall } from './parked-call.js'
import { type OnParked, observed } from './parked-events.js'
import type { Reader } from './reader.js'

/** Milliseconds for the last words of parked calls when this process ends. */
const LAST_WORDS = 2_000

export interface ParkedLimits {
  /** Calls that wait in this process. */
  maxParked: number
  /** Of one owner. Callers without a principal have no such limit. */
  maxParkedPerOwner: number
  /** Milliseconds from the first question to the end of a call. */
  parkTimeout: number
  /** Told what becomes of the calls. Must not throw. */
  onParked?: OnParked
}

type Answer = Extract<FleetMessage, { type: 'call-answer' }>
type Leave = Extract<FleetMessage, { type: 'call-leave' }>

/** The calls whose handlers wait in this process. Other replicas reach them by messages. */
export class ParkedCalls {
  readonly #calls = new Map<RecordKey, ParkedCall>()
  readonly #perOwner = new Map<string, number>()
  readonly #deadlines: Deadlines<Expiring>
  #closed = false

  constructor (
    private readonly sessions: Sessions, private readonly log: CallLog, private readonly limits: ParkedLimits
  ) {
    this.#deadlines = new Deadlines(
      limits.parkTimeout, call => call.expire(), error => sessions.report(error)
    )
  }

  get size (): number { return this.#calls.size }

  get (key: RecordKey): ParkedCall | undefined { return this.#calls.get(key) }

  /** Takes in a call that asks its first question; undefined at a cap. */
  park (principal: Principal | null, head: CallHead, handler: Handler): ParkedCall | undefined {
    const id = randomBytes(32).toString('base64url')
    const located = this.log.locate(id, principal)
    const { key, owner } = located
    const own = this.#perOwner.get(owner) ?? 0
    const { maxParked, maxParkedPerOwner, parkTimeout, onParked } = this.limits
    if (this.#closed || this.#calls.size >= maxParked || (owner !== '' && own >= maxParkedPerOwner)) return undefined
    const call = new ParkedCall(
      id, located, head, Date.now() + parkTimeout,
      onParked === undefined ? handler : observed(handler, owner, onParked), this.log,
      error => this.sessions.report(error), call => this.#closedOne(call)
    )
    this.#calls.set(key, call)
    this.#perOwner.set(owner, own + 1)
    this.#deadlines.add(call)
    return call
  }

  /** A client of another replica has answered, and a reader waits there. */
  async answer ({ key, from, reader, binding, position, answers }: Answer): Promise<void> {
    const call = this.#calls.get(key)
    if (call === undefined) {
      await this.sessions.fleet.tellReplica(from, 'call-unknown', key, {})
      return
    }
    if (call.head.binding !== binding) return
    call.answer(reader, this.#remote(from, key), position, new Map(Object.entries(answers)) as Answers)
  }

  /** The client of a reader elsewhere has gone. */
  leave ({ key, reader }: Leave): void {
    this.#calls.get(key)?.leave(reader, CANCELLED)
  }

  /** Ends all calls, and tells their clients so as far as storage allows. Resolves in time. */
  async close (): Promise<void> {
    this.#closed = true
    const calls = [...this.#calls.values()]
    for (const call of calls) call.stop(OWNER_GONE, 'the process ends')
    await within(Promise.all(calls.map(async call => await call.flush())), LAST_WORDS)
  }

  #remote (replica: string, key: RecordKey): Reader {
    return {
      grown: (after, entries) => {
        const said = { after, entries: entries as unknown as JsonObject[] }
        this.sessions.fleet.tellReplica(replica, 'call-said', key, said).catch(error => this.sessions.report(error))
      },
      // It finds out by itself when it looks at the log.
      failed: () => {}
    }
  }

  #closedOne (call: ParkedCall): void {
    const { key, owner } = call.located
    this.#calls.delete(key)
    this.#deadlines.delete(call)
    if (call.isStored) this.log.ended(call.located)
    const left = this.#perOwner.get(owner) as number - 1
    if (left > 0) this.#perOwner.set(owner, left)
    else this.#perOwner.delete(owner)
  }
}
