import { InvalidOptionError } from '@holdfast/core'

/** Bounds of {@link memory}. A wrong value throws an `InvalidOptionError` at once. */
export interface MemoryOptions {
  /**
   * The clock: milliseconds since the epoch. Default: the start time of the process plus the time since then, so
   * setting the wall clock does not change it.
   */
  now?: () => number
  /**
   * Bytes of all bodies and events of all partitions, plus a flat overhead: 512 for each record and each stream, 64 for
   * each event. At this bound, ended streams are dropped, first those of the owner with the most bytes. When none is
   * left, `create` answers `'full'`, and other writes reject with `HOLDFAST_BACKEND_FULL`. One owner may hold at most
   * half; beyond that, `create` answers `'owner-full'`. Default 256 MiB.
   */
  maxBytes?: number
  /** Events kept per stream. Beyond this, the oldest events are dropped. Default 1,000. */
  maxEntries?: number
  /** Bytes of events kept per stream. The newest event is kept even if it alone is larger. Default 1 MiB. */
  maxStreamBytes?: number
  /** Streams kept per record. Beyond this, the oldest ended stream is dropped for each new one. Default 16. */
  maxStreams?: number
  /**
   * Bytes of all ended streams, which are kept for clients that resume. Beyond this, the oldest ended streams of the
   * owner with the most bytes of them are dropped. Default 32 MiB.
   */
  maxEndedBytes?: number
  /**
   * Tombstones kept. The tombstone of a removed record prevents older copies from reviving it. Beyond this, the oldest
   * tombstones are dropped. Default 100,000.
   */
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

/** A wall clock that is set forward and back would expire sessions that are in use. */
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
