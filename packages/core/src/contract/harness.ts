import type { Backend } from '../backend.js'

/** One fresh backend and its clock, made for one check. */
export interface Subject {
  backend: Backend
  /** Another connection to the same data, where the backend is shared. The checks use `backend` twice when absent. */
  second?: Backend
  /** Moves the backend's clock forward by some milliseconds, or really waits. */
  advance (ms: number): Promise<void> | void
  /** Closes the backends. Called once at the end of the check, even when the check failed. */
  close (): Promise<void> | void
}

/** How to run the checks on one kind of backend: a factory, and facts about the backend. */
export interface Harness {
  /** Every check calls it once. Backends of two calls may share a server: keys, owners and channels are random. */
  make (): Promise<Subject>
  /**
   * Milliseconds that the backend's clock reliably distinguishes. Every lifetime in the checks is a multiple of it. Use
   * a minute for a clock that is moved by hand; for a real clock, well above the scheduling noise of the machine (100
   * to 200).
   */
  unit: number
  /** Whether time passes only through `advance`, so that a check can rely on the exact millisecond. */
  exactClock: boolean
  /** Milliseconds by which `claimExpired` may find an expired record later than reading does. */
  claimDelay: number
  /** Milliseconds of real time after which a message on the bus counts as lost. */
  patience: number
  /** The approximate limits of one stream. Make them small: checks append several times as much. */
  bounds: { entries: number, bytes: number }
}

/** One named rule of the contract. */
export interface ContractCheck {
  readonly group: string
  readonly name: string
  /** Whether the check needs a harness with an exact clock. */
  readonly exactClock: boolean
  /** Rejects, usually with an `AssertionError`, when the backend breaks the rule. */
  run (harness: Harness): Promise<void>
}
