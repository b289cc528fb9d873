import type { Backend } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { Gate } from './shared-exclusive-lock.js'
import type { Route } from './routing.js'
import { RoutedBus } from './routed-bus.js'
import { RoutedPresence } from './routed-presence.js'

export interface RouterOptions {
  /** Told of each write when it is done, before its caller. */
  onWrite?: (partition: string, key: RecordKey, change: Change) => void
  /** Told of a call that failed. Resolves to whether another backend serves now, which may be asked in its place. */
  rescue?: (asked: Backend, error: unknown) => Promise<boolean>
}

/** Passes calls on to one of several backends, the one that serves. */
export class Router implements Route {
  readonly bus = new RoutedBus(this)
  readonly presence = new RoutedPresence(this)
  readonly #gate = new Gate()
  readonly #options: RouterOptions
  #serving: Backend
  #era = 0

  constructor (serving: Backend, options: RouterOptions = {}) {
    this.#serving = serving
    this.#options = options
  }

  get serving (): Backend { return this.#serving }
  get era (): number { return this.#era }

  async ask<T> (call: (serving: Backend) => Promise<T>, again = true): Promise<T> {
    const { rescue } = this.#options
    let asked: Backend | undefined
    try {
      return await this.#gate.pass(async () => await call(asked = this.#serving))
    } catch (error) {
      if (asked === undefined || rescue === undefined || !await rescue(asked, error) || !again) throw error
      return await this.#gate.pass(async () => await call(this.#serving))
    }
  }

  wrote (partition: string, key: RecordKey, change: Change): void {
    this.#options.onWrite?.(partition, key, change)
  }

  /** Waits for the calls under way, ten seconds at most, and lets others wait. See {@link Gate.alone}. */
  async alone<T> (act: () => Promise<T>): Promise<T> {
    return await this.#gate.alone(act)
  }

  /** Lets another backend serve. */
  async flip (to: Backend): Promise<void> {
    await this.presence.announceAt(to.presence)
    await this.bus.join(to.bus)
    this.#serving = to
    this.#era++
  }
}
