/** What became of the sessions of a snapshot. Restoring it again changes nothing. */
export interface RestoreReport {
  restored: number
  expired: number
  /** Already there, or ended since. */
  duplicate: number
  /** There was no room: `maxSessions`, `maxPerOwner`, `limit` or the backend's own bound. */
  overLimit: number
  /** What brought nothing: its line (or its place in a list) from 1 on, and the reason, which quotes nothing of it. Of more than a thousand the rest is counted in one last entry. */
  invalid: Array<{ line: number, reason: string }>
}

const MOST_INVALID = 1_000

/** Collects what becomes of the lines. */
export class Tally {
  readonly report: RestoreReport = { restored: 0, expired: 0, duplicate: 0, overLimit: 0, invalid: [] }
  #unlisted = 0

  refuse (line: number, reason: string): void {
    const { invalid } = this.report
    if (invalid.length < MOST_INVALID) invalid.push({ line, reason })
    else invalid[MOST_INVALID] = { line, reason: `the last of ${++this.#unlisted} more` }
  }
}
