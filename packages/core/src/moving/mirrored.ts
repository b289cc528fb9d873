import type { Backend, BackendStatus } from '../backend.js'
import { InvalidOptionError } from '../errors.js'
import { within } from '../within.js'
import type { Lag } from './follower.js'
import { Followers } from './followers.js'
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
   * Copies what the copies do not have. Call it when the application starts: what a copy lacked is known to
   * the process only that wrote it.
   *
   * @throws MigrationStopped
   */
  backfill (options?: MigrateOptions): Promise<MigrationReport[]>
  /**
   * Makes a copy the primary, and the primary a copy. First the copy gets what it lacks; when that fails, nothing
   * changes. `force` is for a primary that is not coming back.
   *
   * @returns records of which the copy lacked something: more than none only with `force`
   * @throws HoldfastError what a backend failed with
   * @throws InvalidOptionError when it is not a copy
   */
  promote (copy: Backend, options?: { force?: boolean }): Promise<number>
}

/**
 * A backend that answers from the primary and keeps copies up to date behind it. No call waits for a copy or
 * fails with it. A copy that was offline catches up. When both have a session, the newer version counts, and
 * of equal ones the primary's.
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
    // Whatever is stored at one of them wants to be sealed.
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
    const follower = followers.all.find(one => one.copy === copy)
    if (follower === undefined) throw new InvalidOptionError('copy', 'expected one of the copies')
    if (force) return await followers.handOverAsItIs(follower, before => { followers.follow(before).lookAtAll() })
    await followers.handOver(follower, before => { followers.follow(before) })
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
