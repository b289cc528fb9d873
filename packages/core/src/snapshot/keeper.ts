import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import type { RecordKey } from '../record.js'
import { type ExportOptions, type ExportReport, exportSessions } from './export.js'
import type { RestoreReport } from './report.js'
import { type RestoreRequest, restoreSessions } from './restore.js'
import type { Destination } from './restore-writer.js'
import type { SnapshotStore, SnapshotSource } from './store.js'

/** Ended sessions that wait to be noted while noting fails again and again. Beyond them, the oldest are given up. */
const MAX_UNNOTED = 100_000

/** Exports that are tried while another process writes the same snapshot again and again. */
const MAX_TRIES = 4

/** Gets the end of every restore, including the restore that an export may begin with. */
export interface RestoreListener {
  onRestored (report: RestoreReport): void
  onRestoreFailed (error: unknown): void
  /** The own snapshot was one of another process, and was restored for that. */
  onMerged (report: RestoreReport): void
  /** Ends sessions that ended in another process with the same snapshot. */
  onEndedElsewhere (keys: ReadonlySet<RecordKey>): Promise<void>
}

/**
 * The snapshots of one manager. It knows the manager's own snapshot store and whether all of its sessions were
 * restored, and runs one export or restore per snapshot store at a time.
 */
export class SnapshotKeeper {
  /** The manager's own snapshot was not restored, or not completely. */
  incomplete = false
  /**
   * The id of the own snapshot when it was last restored or written here; `''` when there was none. Undefined: it was
   * not looked at yet.
   */
  #known: string | undefined
  /** Ended sessions that are not noted yet. */
  readonly #unnoted = new Set<RecordKey>()
  #noting: Promise<void> = Promise.resolve()
  /** The next noting, which has not begun yet. */
  #next: Promise<void> | undefined
  readonly #last = new WeakMap<SnapshotSource, Promise<unknown>>()

  /**
   * @param readable whether an exported snapshot would be readable without an explicit choice
   * @throws InvalidOptionError when `own` would revive ended sessions
   */
  constructor (
    private readonly sessions: Destination,
    readonly own: SnapshotStore | undefined,
    private readonly readable: boolean,
    private readonly listener: RestoreListener
  ) {
    const remembers = typeof own?.forget === 'function' && typeof own.forgotten === 'function'
    if (own === undefined || remembers || own.mayRevive === true) return
    throw new InvalidOptionError(
      'snapshot', 'without `forget` and `forgotten`, a session that has ended may come back with the snapshot. ' +
      'Add them, or set `mayRevive: true` if you accept that'
    )
  }

  async export (given: SnapshotStore | undefined, options: ExportOptions): Promise<ExportReport> {
    const store = given ?? this.own
    if (typeof store?.read !== 'function' || typeof store.write !== 'function') {
      throw new InvalidOptionError('store', 'expected a snapshot store, such as file(path)')
    }
    if (this.readable) {
      throw new InvalidOptionError('codec', 'a snapshot needs keys; `unsealed` writes everything readable')
    }
    return await this.#inTurn(store, async () => await this.#export(store, options))
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

  async #export (store: SnapshotStore, options: ExportOptions, tries = MAX_TRIES): Promise<ExportReport> {
    const own = store === this.own
    if (this.incomplete && own) await this.#restore(store, {})
    // Who writes so often is alive, and takes over at its next turn what it missed.
    const blind = tries === 1
    const turn = own ? { expected: this.#known, blind, end: this.listener.onEndedElsewhere } : { blind }
    try {
      const { report, id } = await exportSessions(this.sessions.vault, store, options, turn)
      if (own) this.#known = id
      return report
    } catch (error) {
      if (!isHoldfastError(error, 'HOLDFAST_SNAPSHOT_CHANGED') || blind) throw error
      // The last try must not look: the store would compare with what it saw.
      if (own && tries > 2) await this.#merge(store)
      return await this.#export(store, options, tries - 1)
    }
  }

  /** Takes over what another process wrote to the own snapshot. */
  async #merge (store: SnapshotStore): Promise<void> {
    const { report, id = '' } = await restoreSessions({ ...this.sessions, merges: true }, store, {})
    this.#known = id
    this.listener.onMerged(report)
  }

  async #restore (source: SnapshotSource, options: RestoreRequest): Promise<RestoreReport> {
    const own = source === this.own && options.n8nMcp === undefined
    if (own) this.incomplete = true
    const { report, id = '' } = await restoreSessions(this.sessions, source, options).catch(error => {
      if (!(error instanceof InvalidOptionError)) this.listener.onRestoreFailed(error)
      throw error
    })
    if (own) this.#known = id
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
