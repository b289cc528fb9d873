import { HoldfastError } from '../errors.js'
import { keyLabel } from '../record-key.js'
import type { RecordKey } from '../record.js'

/** What a migration did, in sessions. */
export interface MigrationReport {
  /** New at the target. */
  copied: number
  /** Were at the target and older there: brought up to date. One that changed while it was copied counts here, too. */
  updated: number
  /** At the target already and as new, or ended there. */
  skipped: number
  /** Ended at the source, and therefore at the target. */
  ended: number
  /** Copied, and expired at the source since. The copy expires by itself. */
  expired: number
  /** Gone from the source, after `deleteAfterMigration`. */
  deleted: number
  /** Bodies and events that were copied. */
  bytes: number
  /**
   * What could not be copied: what a log may show of the session, and the code of the error. Of more than a thousand
   * the rest is counted in one last entry.
   */
  failed: Array<{ session: string, reason: string }>
}

/** A migration that stopped before its end. `cause` says why, `report` what is done; run it again to go on. */
export class MigrationStopped extends HoldfastError {
  constructor (readonly report: MigrationReport, cause: unknown) {
    super('HOLDFAST_MIGRATION_STOPPED', undefined, { cause })
  }
}

const MOST_FAILED = 1_000

/** Counts what becomes of sessions. */
export class MigrationTally {
  readonly report: MigrationReport = {
    copied: 0, updated: 0, skipped: 0, ended: 0, expired: 0, deleted: 0, bytes: 0, failed: []
  }

  #unlisted = 0

  fail (key: RecordKey, error: unknown): void {
    const { failed } = this.report
    const { code, name } = error as { code?: unknown, name?: unknown }
    if (failed.length < MOST_FAILED) failed.push({ session: keyLabel(key), reason: String(code ?? name) })
    else failed[MOST_FAILED] = { session: '', reason: `${++this.#unlisted} more` }
  }

  get soFar (): MigrationReport {
    return structuredClone(this.report)
  }
}
