import { HoldfastError } from '../errors.js'
import { keyLabel } from '../record-key.js'
import type { RecordKey } from '../record.js'

/** What a migration did, counted in sessions. */
export interface MigrationReport {
  /** Sessions that are new at the target. */
  copied: number
  /**
   * Sessions that were older at the target, and are up to date now. A session that changed while it was copied counts
   * here as well.
   */
  updated: number
  /** Sessions that the target had already in an equal or newer version, or that ended there. */
  skipped: number
  /** Sessions that ended at the source, and therefore at the target. */
  ended: number
  /** Sessions that expired at the source after they were copied. The copies expire by themselves. */
  expired: number
  /** Sessions that `deleteAfterMigration` released at the source. */
  deleted: number
  /** Bytes of the copied bodies and events. */
  bytes: number
  /**
   * Sessions that could not be copied: the label that a log may show, and the code of the error. Beyond a thousand
   * entries, one last entry counts the rest.
   */
  failed: Array<{ session: string, reason: string }>
}

/** A migration that stopped before its end. `cause` says why, `report` says what is done. Run it again to go on. */
export class MigrationStopped extends HoldfastError {
  constructor (readonly report: MigrationReport, cause: unknown) {
    super('HOLDFAST_MIGRATION_STOPPED', undefined, { cause })
  }
}

/** Entries of `failed` that name a session. */
const MAX_FAILED = 1_000

/** Counts the outcomes of a migration. */
export class MigrationTally {
  readonly report: MigrationReport = {
    copied: 0, updated: 0, skipped: 0, ended: 0, expired: 0, deleted: 0, bytes: 0, failed: []
  }

  #unlisted = 0

  fail (key: RecordKey, error: unknown): void {
    const { failed } = this.report
    const { code, name } = error as { code?: unknown, name?: unknown }
    if (failed.length < MAX_FAILED) failed.push({ session: keyLabel(key), reason: String(code ?? name) })
    else failed[MAX_FAILED] = { session: '', reason: `${++this.#unlisted} more` }
  }

  get soFar (): MigrationReport {
    return structuredClone(this.report)
  }
}
