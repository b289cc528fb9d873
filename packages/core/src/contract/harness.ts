import type { Backend } from '../backend.js'

/**
 * What a harness can do beyond the required. Each check names what it needs, and runs only where the harness offers it.
 * `'exactClock'`: time passes only through {@link Subject.advance}, so a check can rely on the exact millisecond.
 * `'second'`: a second connection to the same data. `'reopen'`: the backend can be closed and its data opened again.
 */
export type Capability = 'exactClock' | 'second' | 'reopen'

/** One fresh backend and its clock, made for one check. */
export interface Subject {
  backend: Backend
  /** Another connection to the same data: needed for `'second'`. The checks use `backend` twice when absent. */
  second?: Backend
  /** Moves the backend's clock forward by some milliseconds, or really waits. */
  advance (ms: number): Promise<void> | void
  /**
   * Closes `backend` and opens the same data again, as the next process would: needed for `'reopen'`. A second
   * connection stays open.
   */
  reopen? (): Promise<Backend> | Backend
  /**
   * Closes the backends, those that were opened again included. Called once at the end of the check, even when the
   * check failed.
   */
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
  /** A shared backend must offer `'second'`, and a durable one `'reopen'`: what it claims is tried. */
  offers: readonly Capability[]
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
  /** What the harness must offer. */
  readonly needs: readonly Capability[]
  /** Rejects, usually with an `AssertionError`, when the backend breaks the rule. */
  run (harness: Harness): Promise<void>
}
