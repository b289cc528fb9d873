import type { Trial } from './trial.js'

/** A promise, and how it is tried. */
export interface Scenario {
  /** What must be so. */
  promise: string
  /** How often, or with how many, it is tried at full volume. */
  figures: string
  /** Minutes after which a trial at full volume has failed: several times what two idle cores need. */
  deadline: number
  /**
   * @returns what was measured
   * @throws Error the promise was broken
   */
  run: (trial: Trial) => Promise<string>
}
