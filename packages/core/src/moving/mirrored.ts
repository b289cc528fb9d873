import type { Backend } from '../backend.js'
import { InvalidOptionError } from '../errors.js'
import type { Lag } from './follower.js'
import type { MigrateOptions } from './migrate.js'
import { Mirror } from './mirror.js'
import type { MigrationReport } from './report.js'
import { within } from '../within.js'

/** Milliseconds that closing waits for replicas that do not answer. */
const PATIENCE = 5_000

export interface MirrorOptions {
  /** What counts when both have a session: the newer version, and of equal ones the primary's. */
  onConflict?: 'newer-version'
}

/** See {@link mirrored}. */
export interface MirroredBackend extends Backend {
  /** The primary. */
  readonly serving: Backend
  /** How far each replica is behind. */
  readonly lag: ReadonlyArray<{ replica: Backend } & Lag>
  /**
   * Copies what the replicas do not have. Call it when the application starts: what a replica lacked is known to the process only that wrote it.
   *
   * @throws MigrationStopped
   */
  backfill (options?: MigrateOptions): Promise<MigrationReport[]>
  /**
   * Makes a replica the primary, and the primary a replica. First the replica gets what it lacks; when that fails, nothing changes. `force`
   * is for a primary that is not coming back.
   *
   * @returns sessions of which the replica lacked something: more than none only with `force`
   * @throws HoldfastError what a backend failed with
   * @throws InvalidOptionError when it is not a replica
   */
  promote (replica: Backend, options?: { force?: boolean }): Promise<number>
}

/**
 * A backend that answers from the primary and keeps replicas up to date behind it. No call waits for a replica or fails with it; one that
 * was away gets what it lacks.
 *
 * @throws InvalidOptionError
 */
export function mirrored (primary: Backend, replicas: readonly Backend[], { onConflict = 'newer-version' }: MirrorOptions = {}): MirroredBackend {
  if (onConflict !== 'newer-version') throw new InvalidOptionError('onConflict', 'expected "newer-version"')
  if (new Set([primary, ...replicas]).size !== replicas.length + 1) throw new InvalidOptionError('replicas', 'expected each backend once')
  return new Mirrored(primary, replicas)
}

class Mirrored extends Mirror implements MirroredBackend {
  readonly durable: boolean

  constructor (primary: Backend, replicas: readonly Backend[]) {
    super(primary)
    // Whatever is stored at one of them wants to be sealed.
    this.durable = [primary, ...replicas].some(({ durable }) => durable)
    for (const replica of replicas) this.follow(replica)
  }

  get lag (): ReadonlyArray<{ replica: Backend } & Lag> {
    return this.followers.map(({ replica, lag }) => ({ replica, ...lag }))
  }

  async backfill (options: MigrateOptions = {}): Promise<MigrationReport[]> {
    const reports: MigrationReport[] = []
    for (const follower of this.followers) reports.push(await follower.backfill(options))
    return reports
  }

  async promote (replica: Backend, { force = false }: { force?: boolean } = {}): Promise<number> {
    const follower = this.followers.find(one => one.replica === replica)
    if (follower === undefined) throw new InvalidOptionError('replica', 'expected one of the replicas')
    if (force) return await this.handOverAsItIs(follower)
    await this.handOver(follower)
    return 0
  }

  protected override served (before: Backend, asItIs: boolean): void {
    const follower = this.follow(before)
    if (asItIs) follower.lookAtAll()
  }

  async close (): Promise<void> {
    const { followers, serving } = this
    await within(Promise.allSettled(followers.map(async follower => await follower.settled())), PATIENCE)
    try {
      await within(Promise.all(followers.map(async follower => await this.unfollow(follower))), PATIENCE)
    } finally {
      await Promise.all([serving, ...followers.map(({ replica }) => replica)].map(async backend => await backend.close()))
    }
  }
}
