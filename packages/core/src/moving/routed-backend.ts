import type { Backend, BackendStatus, EventLog, RecordStore } from '../backend.js'
import { ROOT, partitionIn } from '../partitions.js'
import { RoutedEvents } from './routed-events.js'
import { RoutedRecords } from './routed-records.js'
import type { Router } from './router.js'

/** The common part of the backends that pass calls on to others. */
export abstract class RoutedBackend {
  readonly records: RecordStore
  readonly events: EventLog
  readonly bus
  readonly presence
  readonly #partitions = new Map<string, Backend>()

  abstract readonly durable: boolean
  abstract close (): Promise<void>

  constructor (protected readonly router: Router) {
    this.records = new RoutedRecords(router, ROOT)
    this.events = new RoutedEvents(router, ROOT)
    this.bus = router.bus
    this.presence = router.presence
  }

  get shared (): boolean { return this.router.serving.shared }

  partition (name: string): Backend {
    return partitionIn(this.#partitions, name, () => new RoutedPartition(this, this.router, name))
  }

  async partitions (): Promise<string[]> {
    return await this.router.ask(async serving => await serving.partitions())
  }

  async ping (): Promise<void> {
    await this.router.ask(async serving => await serving.ping())
  }

  status (): BackendStatus {
    return this.router.serving.status?.() ?? {}
  }
}

/** A partition of the serving backend. */
class RoutedPartition implements Backend {
  readonly records: RecordStore
  readonly events: EventLog

  constructor (private readonly whole: RoutedBackend, router: Router, name: string) {
    this.records = new RoutedRecords(router, name)
    this.events = new RoutedEvents(router, name)
  }

  get bus (): Backend['bus'] { return this.whole.bus }
  get presence (): Backend['presence'] { return this.whole.presence }
  get shared (): boolean { return this.whole.shared }
  get durable (): boolean { return this.whole.durable }
  partition (name: string): Backend { return this.whole.partition(name) }
  async partitions (): Promise<string[]> { return await this.whole.partitions() }
  async ping (): Promise<void> { await this.whole.ping() }
  /** It closes with its backend. */
  async close (): Promise<void> {}
}
