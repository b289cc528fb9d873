import type { Backend } from '../backend.js'
import type { RecordKey } from '../record.js'
import type { Change } from './change.js'
import { RoutedBus } from './routed-bus.js'
import { RoutedPresence } from './routed-presence.js'
import type { Routing } from './routing.js'
import { SharedExclusiveLock } from './shared-exclusive-lock.js'

export interface RouterOptions {
  /** Called after each write, before the caller of the write gets the answer. */
  onWrite?: (partition: string, key: RecordKey, change: Change) => void
  /** Called after a failed call. Resolves to whether another backend serves now, so that the call may be repeated. */
  failOver?: (asked: Backend, error: unknown) => Promise<boolean>
}

/** Passes each call on to the one of several backends that serves. */
export class Router implements Routing {
  readonly bus = new RoutedBus(this)
  readonly presence = new RoutedPresence(this)
  readonly #lock = new SharedExclusiveLock()
  readonly #options: RouterOptions
  #serving: Backend
  #generation = 0

  constructor (serving: Backend, options: RouterOptions = {}) {
    this.#serving = serving
    this.#options = options
  }

  get serving (): Backend { return this.#serving }
  get generation (): number { return this.#generation }

  async ask<T> (call: (serving: Backend) => Promise<T>, again = true): Promise<T> {
    const { failOver } = this.#options
    let asked: Backend | undefined
    try {
      return await this.#lock.shared(async () => await call(asked = this.#serving))
    } catch (error) {
      if (asked === undefined || failOver === undefined || !await failOver(asked, error) || !again) throw error
      return await this.#lock.shared(async () => await call(this.#serving))
    }
  }

  wrote (partition: string, key: RecordKey, change: Change): void {
    this.#options.onWrite?.(partition, key, change)
  }

  /** Acts while no call runs. See {@link SharedExclusiveLock.exclusive}. */
  async exclusively<T> (act: () => Promise<T>): Promise<T> {
    return await this.#lock.exclusive(act)
  }

  /** Makes another backend the serving one. Announced replicas and subscriptions move to it. */
  async serveFrom (backend: Backend): Promise<void> {
    await this.presence.announceAt(backend.presence)
    await this.bus.join(backend.bus)
    this.#serving = backend
    this.#generation++
  }
}
