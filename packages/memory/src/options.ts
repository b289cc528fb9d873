import { InvalidOptionError } from '@holdfast/core'

/** Bounds of {@link memory}. A wrong value throws an `InvalidOptionError` at once. */
export interface MemoryOptions {
  /**
   * The clock: milliseconds since the epoch. Default: the time at which the process began and what has passed since,
   * whatever is done to the wall clock.
   */
  now?: () => number
  /**
   * Bytes of all bodies and events, with a flat allowance for what each takes besides (512 per record and stream, 64
   * per event). Beyond it, streams that have ended give way, those of the owner with most bytes first; then `create`
   * answers `'full'`, and other writes reject with `HOLDFAST_BACKEND_FULL`. One owner holds at most half: beyond that
   * `create` answers `'owner-full'`. Default 256 MiB.
   */
  maxBytes?: number
  /** Events that a stream keeps; the oldest make room. Default 1,000. */
  maxEntries?: number
  /** Bytes of events that a stream keeps; the newest event is kept whatever its size. Default 1 MiB. */
  maxStreamBytes?: number
  /** Streams of a record from which on an ended one, the oldest, is forgotten for each new one. Default 16. */
  maxStreams?: number
  /** Bytes of all streams that have ended and wait for a client that resumes; the oldest make room. Default 32 MiB. */
  maxEndedBytes?: number
  /** Removed records that are remembered, so that nothing revives them; the oldest are forgotten. Default 100,000. */
  maxTombstones?: number
}

export type Bounds = Required<Omit<MemoryOptions, 'now'>>

export const DEFAULTS: Bounds = {
  maxBytes: 256 * 2 ** 20,
  maxEntries: 1000,
  maxStreamBytes: 2 ** 20,
  maxStreams: 16,
  maxEndedBytes: 32 * 2 ** 20,
  maxTombstones: 100_000
}

/** A wall clock that is set forward and back would end sessions that nobody left alone. */
function sinceStart (): number {
  return Math.floor(performance.timeOrigin + performance.now())
}

export function readOptions ({ now = sinceStart, ...given }: MemoryOptions): { now: () => number, bounds: Bounds } {
  if (typeof now !== 'function') throw new InvalidOptionError('now', 'expected a function')
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw new InvalidOptionError(name, 'there is no such option')
    const valid = value === undefined || value === Infinity || (Number.isSafeInteger(value) && value >= 1)
    if (!valid) throw new InvalidOptionError(name, 'expected a whole number of at least 1, or Infinity')
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  return { now, bounds: { ...DEFAULTS, ...Object.fromEntries(set) } }
}
