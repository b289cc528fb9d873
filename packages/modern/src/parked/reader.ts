import type { Entry } from './story.js'

/** Waits for what a parked call says. */
export interface Reader {
  /** The story has grown. */
  grown (after: number, entries: readonly Entry[]): void
  failed (error: unknown): void
}
