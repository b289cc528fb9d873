import type { Destination } from './restore-writer.js'
import { HoldfastError, InvalidOptionError } from '../errors.js'
import type { RecordKey } from '../record.js'
import { type ExportOptions, type ExportReport, exportSessions } from './export.js'
import type { RestoreReport } from './report.js'
import { type RestoreRequest, restoreSessions } from './restore.js'
import type { SnapshotStore, SnapshotSource } from './store.js'

/** Sessions that ended while noting it failed again and again; of more, the oldest are given up. */
const MOST_UNNOTED = 100_000

/** Told when a restore has ended, also one that an export began with. */
export interface RestoreListener {
  onRestored (report: RestoreReport): void
  onRestoreFailed (error: unknown): void
}

/**
 * The snapshots of one manager: its own sink, whether all of it is here, and one export or restore of a sink at a time.
 */
export class SnapshotKeeper {
  /** The manager's own snapshot was not restored, or not all of it could be. */
  incomplete = false
  /** Ended, and not noted yet. */
  readonly #unnoted = new Set<RecordKey>()
  #noting: Promise<void> = Promise.resolve()
  /** Notes what is not being noted yet; nobody has begun with it. */
  #next: Promise<void> | undefined
  readonly #last = new WeakMap<SnapshotSource, Promise<unknown>>()

  /** @param readable whether what is exported would be readable without anybody having said so */
  constructor (
    private readonly sessions: Destination,
    readonly own: SnapshotStore | undefined,
    private readonly readable: boolean,
    private readonly listener: RestoreListener
  ) {}

  async export (given: SnapshotStore | undefined, options: ExportOptions): Promise<ExportReport> {
    const sink = given ?? this.own
    if (typeof sink?.read !== 'function' || typeof sink.write !== 'function') {
      throw new InvalidOptionError('sink', 'expected a place for snapshots, such as file(path)')
    }
    if (this.readable) {
      throw new InvalidOptionError('codec', 'a snapshot needs keys; `unsealed` writes everything readable')
    }
    return await this.#inTurn(sink, async () => {
      if (this.incomplete && sink === this.own) await this.#restore(sink, {})
      return await exportSessions(this.sessions.vault, sink, options)
    })
  }

  async restore (given: SnapshotSource | undefined, options: RestoreRequest): Promise<RestoreReport> {
    const source = given ?? this.own
    if (typeof source?.read !== 'function') {
      throw new InvalidOptionError('sink', 'expected where a snapshot is read, such as file(path)')
    }
    return await this.#inTurn(source, async () => await this.#restore(source, options))
  }

  /**
   * Keeps sessions that have ended from coming back with an older snapshot, also those of earlier calls that failed.
   * Those that end while others are being noted are noted together, each once.
   */
  async forget (keys: readonly RecordKey[]): Promise<void> {
    if (this.own?.forget === undefined) return
    for (const key of keys) this.#unnoted.add(key)
    if (this.#unnoted.size === 0) return
    this.#next ??= this.#noting.then(async () => await this.#note())
    await this.#next
  }

  async #note (): Promise<void> {
    const noting = this.#next as Promise<void>
    this.#next = undefined
    this.#noting = noting.catch(() => {})
    for (const key of this.#unnoted) {
      if (this.#unnoted.size <= MOST_UNNOTED) break
      this.#unnoted.delete(key)
    }
    const noted = [...this.#unnoted]
    if (noted.length === 0) return
    try {
      await this.own?.forget?.(noted)
      for (const key of noted) this.#unnoted.delete(key)
    } catch (error) {
      throw new HoldfastError(
        'HOLDFAST_SNAPSHOT_FAILED', 'The end of a session could not be noted beside the snapshot.', { cause: error }
      )
    }
  }

  async #restore (source: SnapshotSource, options: RestoreRequest): Promise<RestoreReport> {
    const own = source === this.own && options.n8nMcp === undefined
    if (own) this.incomplete = true
    const report = await restoreSessions(this.sessions, source, options).catch(error => {
      if (!(error instanceof InvalidOptionError)) this.listener.onRestoreFailed(error)
      throw error
    })
    if (own) this.incomplete = report.invalid.some(({ code }) => code === 'UNKNOWN_KEY')
    this.listener.onRestored(report)
    return report
  }

  async #inTurn<T> (sink: SnapshotSource, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(sink) ?? Promise.resolve()).then(work)
    this.#last.set(sink, result.catch(() => {}))
    return await result
  }
}
