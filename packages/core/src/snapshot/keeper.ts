import { HoldfastError, InvalidOptionError } from '../errors.js'
import type { RecordKey } from '../record.js'
import { type ExportOptions, type ExportReport, exportSessions } from './export.js'
import type { RestoreReport } from './report.js'
import { type RestoreRequest, restoreSessions } from './restore.js'
import type { Destination } from './restore-writer.js'
import type { SnapshotStore, SnapshotSource } from './store.js'

/** Ended sessions that wait to be noted while noting fails again and again. Beyond them, the oldest are given up. */
const MAX_UNNOTED = 100_000

/** Gets the end of every restore, including the restore that an export may begin with. */
export interface RestoreListener {
  onRestored (report: RestoreReport): void
  onRestoreFailed (error: unknown): void
}

/**
 * The snapshots of one manager. It knows the manager's own snapshot store and whether all of its sessions were
 * restored, and runs one export or restore per snapshot store at a time.
 */
export class SnapshotKeeper {
  /** The manager's own snapshot was not restored, or not completely. */
  incomplete = false
  /** Ended sessions that are not noted yet. */
  readonly #unnoted = new Set<RecordKey>()
  #noting: Promise<void> = Promise.resolve()
  /** The next noting, which has not begun yet. */
  #next: Promise<void> | undefined
  readonly #last = new WeakMap<SnapshotSource, Promise<unknown>>()

  /** @param readable whether an exported snapshot would be readable without an explicit choice */
  constructor (
    private readonly sessions: Destination,
    readonly own: SnapshotStore | undefined,
    private readonly readable: boolean,
    private readonly listener: RestoreListener
  ) {}

  async export (given: SnapshotStore | undefined, options: ExportOptions): Promise<ExportReport> {
    const store = given ?? this.own
    if (typeof store?.read !== 'function' || typeof store.write !== 'function') {
      throw new InvalidOptionError('store', 'expected a snapshot store, such as file(path)')
    }
    if (this.readable) {
      throw new InvalidOptionError('codec', 'a snapshot needs keys; `unsealed` writes everything readable')
    }
    return await this.#inTurn(store, async () => {
      if (this.incomplete && store === this.own) await this.#restore(store, {})
      return await exportSessions(this.sessions.vault, store, options)
    })
  }

  async restore (given: SnapshotSource | undefined, options: RestoreRequest): Promise<RestoreReport> {
    const source = given ?? this.own
    if (typeof source?.read !== 'function') {
      throw new InvalidOptionError('store', 'expected a snapshot store to read from, such as file(path)')
    }
    return await this.#inTurn(source, async () => await this.#restore(source, options))
  }

  /**
   * Prevents that ended sessions come back with an older snapshot, including those of earlier calls that failed. While
   * one noting is under way, all further sessions wait for the next one, which notes each of them once.
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
      if (this.#unnoted.size <= MAX_UNNOTED) break
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

  async #inTurn<T> (store: SnapshotSource, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(store) ?? Promise.resolve()).then(work)
    this.#last.set(store, result.catch(() => {}))
    return await result
  }
}
