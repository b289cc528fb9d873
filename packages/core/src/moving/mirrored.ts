import type { Backend, BackendStatus } from '../backend.js'
import { InvalidOptionError } from '../errors.js'
import { within } from '../within.js'
import type { Lag } from './follower.js'
import { Followers } from './followers.js'
import { handOver, handOverAsItIs } from './hand-over.js'
import type { MigrateOptions } from './migrate.js'
import type { MigrationReport } from './report.js'
import { RoutedBackend } from './routed-backend.js'

/** Milliseconds that closing waits for copies that do not answer. */
const CLOSE_WAIT = 5_000

/** See {@link mirrored}. */
export interface MirroredBackend extends Backend {
  /** The primary. */
  readonly serving: Backend
  /** How far each copy is behind. */
  readonly lag: ReadonlyArray<{ copy: Backend } & Lag>
  /**
   * Copies everything that the copies lack. Call it when the application starts: only the process that wrote a change
   * knows that a copy lacks it, and forgets it at its end.
   *
   * @throws MigrationStopped
   */
  backfill (options?: MigrateOptions): Promise<MigrationReport[]>
  /**
   * Makes a copy the primary, and the primary a copy. First the copy gets the changes that it lacks; when that fails,
   * nothing changes. `force` is for a primary that does not come back.
   *
   * @returns how many records lacked a change at the copy; always 0 without `force`
   * @throws HoldfastError the failure of a backend
   * @throws InvalidOptionError when `copy` is not one of the copies
   */
  promote (copy: Backend, options?: { force?: boolean }): Promise<number>
}

/**
 * A backend that answers from the primary and keeps copies up to date in the background. No call waits for a copy, and
 * no call fails because a copy fails. A copy that was offline catches up. When a session exists at both, the newer
 * version wins; of two equal versions, the primary's.
 *
 * @throws InvalidOptionError
 */
export function mirrored (primary: Backend, copies: readonly Backend[]): MirroredBackend {
  if (new Set([primary, ...copies]).size !== copies.length + 1) {
    throw new InvalidOptionError('copies', 'expected each backend once')
  }
  return new Mirrored(new Followers(primary), copies)
}

class Mirrored extends RoutedBackend implements MirroredBackend {
  readonly durable: boolean

  constructor (private readonly followers: Followers, copies: readonly Backend[]) {
    super(followers.router)
    // Sessions must be sealed as soon as one of the backends is durable.
    this.durable = [followers.router.serving, ...copies].some(({ durable }) => durable)
    for (const copy of copies) followers.follow(copy)
  }

  get serving (): Backend { return this.router.serving }

  get lag (): ReadonlyArray<{ copy: Backend } & Lag> {
    return this.followers.all.map(({ copy, lag }) => ({ copy, ...lag }))
  }

  override status (): BackendStatus {
    return { ...super.status(), ...this.followers.lag }
  }

  async backfill (options: MigrateOptions = {}): Promise<MigrationReport[]> {
    const reports: MigrationReport[] = []
    for (const follower of this.followers.all) reports.push(await follower.backfill(options))
    return reports
  }

  async promote (copy: Backend, { force = false }: { force?: boolean } = {}): Promise<number> {
    const { followers } = this
    const follower = followers.all.find(follower => follower.copy === copy)
    if (follower === undefined) throw new InvalidOptionError('copy', 'expected one of the copies')
    if (force) return await handOverAsItIs(followers, follower, before => { followers.follow(before).compareAll() })
    await handOver(followers, follower, before => { followers.follow(before) })
    return 0
  }

  async close (): Promise<void> {
    const { followers: { all }, serving } = this
    await within(Promise.allSettled(all.map(async follower => await follower.settled())), CLOSE_WAIT)
    try {
      await within(Promise.all(all.map(async follower => await this.followers.unfollow(follower))), CLOSE_WAIT)
    } finally {
      await Promise.all([serving, ...all.map(({ copy }) => copy)].map(async backend => await backend.close()))
    }
  }
}
