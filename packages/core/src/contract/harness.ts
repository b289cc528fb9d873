import type { Backend } from '../backend.js'

/** One fresh backend and its clock, made for one check. */
export interface Subject {
  backend: Backend
  /** Another connection to the same data, where the backend is shared. The checks use `backend` twice when absent. */
  second?: Backend
  /** Moves the backend's clock by so many milliseconds, or really waits. */
  advance (ms: number): Promise<void> | void
  /** Called once at the end of the check, also when it failed. Closes the backends. */
  close (): Promise<void> | void
}

/** How to run the checks on one kind of backend: a factory, and what the checks need to know as data. */
export interface Harness {
  /** Every check calls it once. Backends of two calls may share a server: keys, owners and channels are random. */
  make (): Promise<Subject>
  /**
   * Milliseconds that this clock surely tells apart; every lifetime in the checks is a multiple. A minute for a clock
   * that is moved by hand; for a real one, well above the scheduling noise of the machine (100 to 200).
   */
  unit: number
  /** Time passes only through `advance`, so that a check may stand on the exact millisecond. */
  exactClock: boolean
  /** Milliseconds by which `claimExpired` may find an expired record later than reading does. */
  claimDelay: number
  /** Milliseconds of real time to wait for a message of the bus before it counts as lost. */
  patience: number
  /** What one stream keeps at most, approximately. Keep them small: checks append several times as much. */
  bounds: { entries: number, bytes: number }
}

/** One named rule of the contract. */
export interface ContractCheck {
  readonly group: string
  readonly name: string
  /** Runs on harnesses with an exact clock only. */
  readonly exactClock: boolean
  /** Rejects, usually with an `AssertionError`, when the backend breaks the rule. */
  run (harness: Harness): Promise<void>
}
