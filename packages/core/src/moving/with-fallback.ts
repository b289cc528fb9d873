import type { Backend, BackendStatus } from '../backend.js'
import { type Duration, LONGEST_TIMER, milliseconds } from '../duration.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import { headPages, recordPages } from '../pages.js'
import { ROOT, allPartitions, partitionOf } from '../partitions.js'
import { within } from '../within.js'
import { copyRecord } from './copy-record.js'
import { OutageBackend } from './outage-backend.js'
import { RoutedBackend } from './routed-backend.js'
import { Router } from './router.js'
import { type WholeRecord, withStreams } from './whole-record.js'

/** Records that are read at a time. */
const PAGE_SIZE = 100
/** Milliseconds that closing waits for a recovery under way. */
const CLOSE_WAIT = 5_000

/** When {@link withFallback} falls back, and who learns of it. */
export interface FallbackOptions {
  /**
   * How many processes serve the sessions. It must be 1: each of two processes would fall back to a backend of its own.
   */
  replicas: 1
  /** How often to check whether a primary that is away is back. Default 1 s. */
  probe?: Duration
  /** Called when the other backend begins to serve. */
  onChange?: (serving: 'primary' | 'fallback', report?: RecoveryReport) => void
  /**
   * Called when an operator must act: other replicas prevent the fallback, or a recovery failed. Default: a warning of
   * the process.
   */
  onWarning?: (warning: Error) => void
}

/** What a recovery did with the sessions of the outage. */
export interface RecoveryReport {
  /** Sessions of the primary that ended during the outage, one by one or with all sessions of their owner. */
  revoked: number
  /** Sessions that began during the outage, and live in the primary now. */
  carried: number
  /** Sessions of which the primary has a session with the same key, or its tombstone. The primary's stays. */
  conflicts: number
  /** Sessions that are lost, because the primary has no room for them. */
  refused: number
}

/** See {@link withFallback}. */
export interface FallbackBackend extends Backend {
  readonly state: 'primary' | 'fallback'
  /** How often the fallback has begun to serve. */
  readonly activations: number
}

/**
 * Keeps a single replica answering while its primary is away. New sessions live in the fallback; calls for sessions of
 * the primary fail as in any outage. When the primary is back, it first ends the sessions that ended during the outage,
 * then gets the sessions that began, and serves again. Calls wait for this recovery. The primary's own sessions stay as
 * they are. The fallback is empty at the beginning of an outage: its earlier records are dropped.
 *
 * @throws InvalidOptionError
 */
export function withFallback (primary: Backend, fallback: Backend, options: FallbackOptions): FallbackBackend {
  return new Fallback(primary, fallback, options)
}

class Fallback extends RoutedBackend implements FallbackBackend {
  readonly #outage: OutageBackend
  readonly #probe: number
  readonly #onChange: NonNullable<FallbackOptions['onChange']>
  readonly #onWarning: (warning: Error) => void
  /** By partition and key: records that an earlier attempt to recover carried to the primary. They are no conflicts. */
  readonly #carried = new Set<string>()
  #falling: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #recovering: Promise<void> = Promise.resolve()
  #refusing = false
  #closed = false
  activations = 0

  constructor (private readonly primary: Backend, private readonly fallback: Backend, options: FallbackOptions) {
    super(new Router(primary, { failOver: async (asked, error) => asked === primary && await this.#fallsBack(error) }))
    if (options?.replicas !== 1) {
      throw new InvalidOptionError('replicas', 'expected 1: the fallbacks of several replicas would drift apart')
    }
    this.#probe = Math.min(LONGEST_TIMER, milliseconds(options.probe ?? '1s', 'probe'))
    this.#onChange = options.onChange ?? (() => {})
    this.#onWarning = options.onWarning ?? (warning => { process.emitWarning(warning) })
    this.#outage = new OutageBackend(fallback)
  }

  get state (): 'primary' | 'fallback' { return this.router.serving === this.primary ? 'primary' : 'fallback' }
  get durable (): boolean { return this.primary.durable || this.fallback.durable }

  override status (): BackendStatus {
    return {
      ...this.primary.status?.(),
      fallback: { active: this.state === 'fallback', activations: this.activations }
    }
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await within(this.#recovering, CLOSE_WAIT)
    await Promise.all([this.primary.close(), this.fallback.close()])
  }

  /** Whether the fallback serves now. */
  async #fallsBack (error: unknown): Promise<boolean> {
    if (this.state === 'fallback') return true
    if (isHoldfastError(error) && error.code !== 'HOLDFAST_BACKEND_UNAVAILABLE') return false
    this.#falling ??= this.#fall().finally(() => { this.#falling = undefined })
    return await this.#falling
  }

  async #fall (): Promise<boolean> {
    if (await answers(this.primary)) return false
    if (this.presence.crowded) {
      if (!this.#refusing) this.#onWarning(new HoldfastError('HOLDFAST_NOT_ALONE'))
      this.#refusing = true
      return false
    }
    await this.#clear()
    await this.router.serveFrom(this.#outage)
    this.#refusing = false
    this.activations++
    this.#scheduleProbe()
    this.#changed('fallback')
    return true
  }

  #scheduleProbe (): void {
    if (!this.#closed) this.#timer = setTimeout(() => { this.#recovering = this.#recover() }, this.#probe).unref()
  }

  async #recover (): Promise<void> {
    if (!await answers(this.primary)) return this.#scheduleProbe()
    try {
      const report = await this.router.exclusively(async () => {
        const report = { revoked: await this.#revoke(), ...await this.#carry() }
        await this.router.serveFrom(this.primary)
        return report
      })
      this.#carried.clear()
      this.#changed('primary', report)
      await this.#clear()
    } catch (error) {
      this.#onWarning(error as Error)
      if (this.state === 'fallback') this.#scheduleProbe()
    }
  }

  async #revoke (): Promise<number> {
    let count = 0
    for (const name of await allPartitions(this.#outage)) {
      const { revoked, ended } = name === ROOT ? this.#outage : this.#outage.partition(name)
      const { records } = partitionOf(this.primary, name)
      for (const owner of revoked) {
        count += (await records.removeOwner(owner)).length
        // Should this attempt fail, the next one must not end sessions that the owner begins in between.
        revoked.delete(owner)
      }
      for (const key of ended) {
        count += Number(await records.remove(key) !== undefined)
        ended.delete(key)
      }
    }
    return count
  }

  async #carry (): Promise<Omit<RecoveryReport, 'revoked'>> {
    const report = { carried: 0, conflicts: 0, refused: 0 }
    for (const name of await allPartitions(this.fallback)) {
      const from = partitionOf(this.fallback, name)
      for await (const records of recordPages(from.records, { limit: PAGE_SIZE })) {
        const wholes = await withStreams(from, records)
        await Promise.all(wholes.map(async whole => { report[await this.#carryOne(name, whole)]++ }))
      }
    }
    return report
  }

  async #carryOne (partition: string, whole: WholeRecord): Promise<'carried' | 'conflicts' | 'refused'> {
    const primary = partitionOf(this.primary, partition)
    const { key } = whole.record
    const name = `${partition}:${key}`
    const carriedBefore = this.#carried.has(name)
    if (!carriedBefore && await primary.records.read(key) !== undefined) return 'conflicts'
    this.#carried.add(name)
    try {
      const outcome = await copyRecord(primary, whole)
      return outcome === 'skipped' && !carriedBefore ? 'conflicts' : 'carried'
    } catch (error) {
      if (isHoldfastError(error, 'HOLDFAST_BACKEND_FULL')) return 'refused'
      throw error
    }
  }

  /** Empties the fallback: records of an earlier outage or process may have ended in the primary since. */
  async #clear (): Promise<void> {
    for (const name of await allPartitions(this.fallback)) {
      const { records } = partitionOf(this.fallback, name)
      for await (const page of headPages(records, { limit: PAGE_SIZE })) {
        await Promise.all(page.map(async ({ key, version }) => await records.release(key, version)))
      }
    }
  }

  #changed (serving: 'primary' | 'fallback', report?: RecoveryReport): void {
    try {
      this.#onChange(serving, report)
    } catch (error) {
      this.#onWarning(error as Error)
    }
  }
}

async function answers (backend: Backend): Promise<boolean> {
  try {
    await backend.ping()
    return true
  } catch {
    // The caller knows the reason: it got the error of the call that failed before.
    return false
  }
}
