import { SNAPSHOT_REASONS, type SnapshotReason } from './reasons.js'

/** What became of the records of a snapshot: sessions, and those of partitions. Restoring it again changes nothing. */
export interface RestoreReport {
  restored: number
  expired: number
  /** Already there, or ended since. */
  duplicate: number
  /** There was no room: `maxSessions`, `maxPerOwner`, `limit` or the backend's own bound. */
  overLimit: number
  /** What brought nothing. Of more than a thousand, one last entry with the code `MORE` counts the rest. */
  invalid: InvalidLine[]
}

/** A line of a snapshot, or an element of a list, that brought nothing. */
export interface InvalidLine {
  /** From 1 on. */
  line: number
  code: SnapshotReason
  /** What the code means, for people. It quotes nothing of the line. */
  reason: string
}

const MOST_INVALID = 1_000

/** Collects what becomes of the lines. */
export class Tally {
  readonly report: RestoreReport = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }
  #unlisted = 0

  /** @returns false, for a caller that asks whether it is wanted */
  refuse (line: number, code: SnapshotReason): false {
    const { invalid } = this.report
    if (invalid.length < MOST_INVALID) invalid.push({ line, code, reason: SNAPSHOT_REASONS[code] })
    else invalid[MOST_INVALID] = { line, code: 'MORE', reason: `the last of ${++this.#unlisted} more` }
    return false
  }
}
