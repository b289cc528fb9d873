import type { Backend, BackendStatus } from '../backend.js'
import { HoldfastError, InvalidOptionError } from '../errors.js'
import { within } from '../within.js'
import { Followers } from './followers.js'
import { handOver } from './hand-over.js'
import type { MigrateOptions } from './migrate.js'
import { type MigrationReport, MigrationStopped } from './report.js'
import { RoutedBackend } from './routed-backend.js'

/** Milliseconds that closing waits for a switch under way. */
const CLOSE_WAIT = 5_000

/** See {@link MigrateOptions}. */
export type SwitchOptions = Pick<MigrateOptions, 'batchSize' | 'onProgress' | 'signal'>

/** See {@link switchable}. */
export interface SwitchableBackend extends Backend {
  /** The backend that serves now. */
  readonly serving: Backend
  /**
   * Copies everything to another backend while the present one serves, then keeps the copy up to date, and makes it the
   * serving backend once it lacks nothing. Calls wait for this last moment; no call fails. The old backend keeps its
   * data and stays open: close it when you want to. The process must be the only replica, because other replicas would
   * go on with the old backend.
   *
   * @throws MigrationStopped when a backend does not answer, the target is full, a session cannot be copied, or
   *   `signal` is aborted; then the old backend still serves, and the next attempt goes on where this one stopped
   * @throws HoldfastError HOLDFAST_NOT_ALONE
   * @throws InvalidOptionError
   */
  switchTo (target: Backend, options?: SwitchOptions): Promise<MigrationReport>
}

/**
 * A backend that can be exchanged for another one while the application runs. It counts as durable, because a later
 * backend may be durable, and without keys the sessions would be readable there.
 */
export function switchable (backend: Backend): SwitchableBackend {
  return new Switchable(new Followers(backend))
}

class Switchable extends RoutedBackend implements SwitchableBackend {
  readonly durable = true
  #switching: Promise<unknown> | undefined
  #closed = false

  constructor (private readonly followers: Followers) {
    super(followers.router)
  }

  get serving (): Backend { return this.router.serving }

  override status (): BackendStatus {
    return { ...super.status(), ...this.followers.lag }
  }

  async switchTo (target: Backend, options: SwitchOptions = {}): Promise<MigrationReport> {
    if (this.#switching !== undefined) throw new InvalidOptionError('target', 'another switch is under way')
    const switching = this.#switch(target, options)
    this.#switching = switching
    try {
      return await switching
    } finally {
      this.#switching = undefined
    }
  }

  async close (): Promise<void> {
    this.#closed = true
    // The switch under way stops at its next step, and rejects.
    if (this.#switching !== undefined) await within(Promise.allSettled([this.#switching]), CLOSE_WAIT)
    await this.serving.close()
  }

  async #switch (target: Backend, options: SwitchOptions): Promise<MigrationReport> {
    if ((await this.presence.others()).length > 0) throw new HoldfastError('HOLDFAST_NOT_ALONE')
    const follower = this.followers.follow(target)
    try {
      const report = await follower.backfill({
        ...options,
        onProgress: soFar => {
          this.#throwIfClosed()
          options.onProgress?.(soFar)
        }
      })
      try {
        this.#throwIfClosed()
        options.signal?.throwIfAborted()
        if (report.failed.length > 0) {
          throw new HoldfastError('HOLDFAST_BACKEND_UNAVAILABLE', 'Some sessions could not be copied.')
        }
        await handOver(this.followers, follower)
      } catch (error) {
        throw new MigrationStopped(report, error)
      }
      return report
    } catch (error) {
      await this.followers.unfollow(follower)
      throw error
    }
  }

  #throwIfClosed (): void {
    if (this.#closed) throw new HoldfastError('HOLDFAST_CLOSED')
  }
}
