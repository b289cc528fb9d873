import { SNAPSHOT_REASONS, type SnapshotReason } from './reasons.js'

/**
 * What a restore did with the records of a snapshot: sessions, and records of partitions. Restoring the same snapshot
 * again changes nothing.
 */
export interface RestoreReport {
  /** Records that were not there, or, in an own snapshot that another process wrote, were older. */
  restored: number
  expired: number
  /** Records that exist already, or have ended since. */
  duplicate: number
  /** Records for which there was no room: `maxSessions`, `maxPerOwner`, `limit`, or the backend's own bound. */
  overLimit: number
  /** Lines that were not restored. Beyond a thousand, one last entry with the code `MORE` counts the rest. */
  invalid: InvalidLine[]
}

/** A line of a snapshot, or an element of a list, that was not restored. */
export interface InvalidLine {
  /** Counted from 1. */
  line: number
  code: SnapshotReason
  /** The meaning of the code, for people. It quotes nothing of the line. */
  reason: string
}

/** Invalid lines that are listed one by one. */
const MAX_INVALID = 1_000

/** Counts the outcomes of a restore. */
export class RestoreTally {
  readonly report: RestoreReport = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }
  #unlisted = 0

  /** Adds an invalid line. @returns false, so that a check of the line can return it */
  refuse (line: number, code: SnapshotReason): false {
    const { invalid } = this.report
    if (invalid.length < MAX_INVALID) invalid.push({ line, code, reason: SNAPSHOT_REASONS[code] })
    else invalid[MAX_INVALID] = { line, code: 'MORE', reason: `the last of ${++this.#unlisted} more` }
    return false
  }
}
