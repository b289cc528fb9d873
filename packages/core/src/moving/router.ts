import type { Backend, BackendStatus } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { Gate } from './gate.js'
import { RoutedBus } from './routed-bus.js'
import { RoutedEvents } from './routed-events.js'
import { RoutedPresence } from './routed-presence.js'
import { RoutedRecords } from './routed-records.js'

/** A backend that stands before others, one of which serves at a time. */
export abstract class Router implements Backend {
  readonly records = new RoutedRecords(this)
  readonly events = new RoutedEvents(this)
  readonly bus = new RoutedBus(this)
  readonly presence = new RoutedPresence(this)
  protected readonly gate = new Gate()
  #serving: Backend
  #era = 0

  abstract readonly durable: boolean

  constructor (serving: Backend) {
    this.#serving = serving
  }

  get serving (): Backend { return this.#serving }
  get shared (): boolean { return this.#serving.shared }
  /** How often the backend that serves has changed. */
  get era (): number { return this.#era }

  /** @param again whether the call may be made a second time, when it is not known what became of the first */
  async ask<T> (call: (serving: Backend) => Promise<T>, again = true): Promise<T> {
    return await this.gate.pass(async () => await call(this.#serving))
  }

  /** Told of each write when it is done, before its caller. */
  wrote (_key: RecordKey, _change: Change): void {}

  async ping (): Promise<void> {
    await this.ask(async serving => await serving.ping())
  }

  status (): BackendStatus {
    return this.#serving.status?.() ?? {}
  }

  abstract close (): Promise<void>

  /** Lets another backend serve. */
  protected async flip (to: Backend): Promise<void> {
    await this.presence.announceAt(to.presence)
    await this.bus.join(to.bus)
    this.#serving = to
    this.#era++
  }
}
