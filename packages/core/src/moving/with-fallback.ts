import type { Backend, BackendStatus } from '../backend.js'
import { type Duration, LONGEST_TIMER, milliseconds } from '../duration.js'
import { HoldfastError, InvalidOptionError, isHoldfastError } from '../errors.js'
import { headPages, recordPages } from '../pages.js'
import { ROOT, allPartitions, partitionOf } from '../partitions.js'
import { within } from '../within.js'
import { bring } from './copy-record.js'
import { RoutedBackend } from './routed-backend.js'
import { Router } from './router.js'
import { Stopgap } from './outage-backend.js'
import { type WholeRecord, withStreams } from './whole-record.js'

const PAGE = 100
/** Milliseconds that closing waits for a recovery under way. */
const CLOSE_WAIT = 5_000

export interface FallbackOptions {
  /**
   * How many processes serve the sessions. Two would fall back apart from each other, so any other number is refused.
   */
  replicas: 1
  /** How often a primary that is away is asked whether it is back. Default 1 s. */
  probe?: Duration
  /** Told when the other backend begins to serve. */
  onChange?: (serving: 'primary' | 'fallback', report?: RecoveryReport) => void
  /**
   * Told of what needs an operator: replicas that keep it from falling back, a recovery that failed.
   * Default: a warning of the process.
   */
  onWarning?: (warning: Error) => void
}

/** What became of the sessions of an outage. */
export interface RecoveryReport {
  /** Sessions of the primary, or all sessions of an owner, that were ended during the outage. */
  revoked: number
  /** Sessions that began during the outage, and are the primary's now. */
  carried: number
  /** The primary had one of the same key, or its tombstone: that is what counts. */
  conflicts: number
  /** The primary had no room for them: they are lost. */
  refused: number
}

/** See {@link withFallback}. */
export interface FallbackBackend extends Backend {
  readonly state: 'primary' | 'fallback'
  /** How often the fallback has begun to serve. */
  readonly activations: number
}

/**
 * Keeps a single replica answering while its primary is away: new sessions live in the fallback, those of the primary
 * answer as in any outage. When the primary is back it hears first what was ended meanwhile, then gets what began, and
 * serves again; calls wait for that. Whatever it has itself stays as it is. The fallback belongs to the outage: what it
 * holds before one is dropped.
 *
 * @throws InvalidOptionError
 */
export function withFallback (primary: Backend, fallback: Backend, options: FallbackOptions): FallbackBackend {
  return new Fallback(primary, fallback, options)
}

class Fallback extends RoutedBackend implements FallbackBackend {
  readonly #stopgap: Stopgap
  readonly #probe: number
  readonly #onChange: NonNullable<FallbackOptions['onChange']>
  readonly #onWarning: (warning: Error) => void
  /**
   * What an earlier attempt to recover brought to the primary, which therefore is no conflict, by partition and key.
   */
  readonly #carried = new Set<string>()
  #falling: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #recovering: Promise<void> = Promise.resolve()
  #refusing = false
  #closed = false
  activations = 0

  constructor (private readonly primary: Backend, private readonly fallback: Backend, options: FallbackOptions) {
    super(new Router(primary, { rescue: async (asked, error) => asked === primary && await this.#fallsBack(error) }))
    if (options?.replicas !== 1) throw new InvalidOptionError('replicas', 'expected 1: two that fall back drift apart')
    this.#probe = Math.min(LONGEST_TIMER, milliseconds(options.probe ?? '1s', 'probe'))
    this.#onChange = options.onChange ?? (() => {})
    this.#onWarning = options.onWarning ?? (warning => { process.emitWarning(warning) })
    this.#stopgap = new Stopgap(fallback)
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
    await this.router.flip(this.#stopgap)
    this.#refusing = false
    this.activations++
    this.#wait()
    this.#tell('fallback')
    return true
  }

  #wait (): void {
    if (!this.#closed) this.#timer = setTimeout(() => { this.#recovering = this.#recover() }, this.#probe).unref()
  }

  async #recover (): Promise<void> {
    if (!await answers(this.primary)) return this.#wait()
    try {
      const report = await this.router.alone(async () => {
        const report = { revoked: await this.#revoke(), ...await this.#carry() }
        await this.router.flip(this.primary)
        return report
      })
      this.#carried.clear()
      this.#tell('primary', report)
      await this.#clear()
    } catch (error) {
      this.#onWarning(error as Error)
      if (this.state === 'fallback') this.#wait()
    }
  }

  async #revoke (): Promise<number> {
    let count = 0
    for (const name of await allPartitions(this.#stopgap)) {
      const { revoked, ended } = name === ROOT ? this.#stopgap : this.#stopgap.partition(name)
      const { records } = partitionOf(this.primary, name)
      for (const owner of revoked) {
        count += (await records.removeOwner(owner)).length
        // Sessions that the owner begins later are not meant, should this attempt fail.
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
      for await (const records of recordPages(from.records, { limit: PAGE })) {
        const wholes = await withStreams(from, records)
        await Promise.all(wholes.map(async whole => { report[await this.#carryOne(name, whole)]++ }))
      }
    }
    return report
  }

  async #carryOne (partition: string, whole: WholeRecord): Promise<'carried' | 'conflicts' | 'refused'> {
    const primary = partitionOf(this.primary, partition)
    const { key } = whole.record
    const carried = `${partition}:${key}`
    const mine = this.#carried.has(carried)
    if (!mine && await primary.records.read(key) !== undefined) return 'conflicts'
    this.#carried.add(carried)
    try {
      const outcome = await bring(primary, whole)
      return outcome === 'skipped' && !mine ? 'conflicts' : 'carried'
    } catch (error) {
      if (isHoldfastError(error, 'HOLDFAST_BACKEND_FULL')) return 'refused'
      throw error
    }
  }

  /** What was the primary's once, or of an earlier process, would come back from the dead. */
  async #clear (): Promise<void> {
    for (const name of await allPartitions(this.fallback)) {
      const { records } = partitionOf(this.fallback, name)
      for await (const page of headPages(records, { limit: PAGE })) {
        await Promise.all(page.map(async ({ key, version }) => await records.release(key, version)))
      }
    }
  }

  #tell (serving: 'primary' | 'fallback', report?: RecoveryReport): void {
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
    // Why not, its caller is told by the call that failed.
    return false
  }
}
