import type { Readable } from 'node:stream'
import type { Duration } from '../duration.js'

/**
 * Where a snapshot is kept: a file, see {@link file}, or any object with these members. The own snapshot of a manager
 * also needs `forget` and `forgotten`, or `mayRevive`.
 */
export interface SnapshotStore {
  /**
   * Takes a whole snapshot. The previous snapshot stays until all of the new one has arrived, and stays for good when
   * the stream fails. When `read` was called since the last `write`, and the present snapshot is another one than it
   * returned, it may reject with the HoldfastError HOLDFAST_SNAPSHOT_CHANGED: then the export is tried again.
   */
  write (stream: Readable): Promise<void>
  /** The last written snapshot; null or undefined when there is none. */
  read (): SnapshotBytes | null | undefined | Promise<SnapshotBytes | null | undefined>
  /** Time between two exports while the plugin runs. Default: it exports only when it closes. */
  every?: Duration
  /**
   * Time without progress after which an export or a restore fails; `Infinity`: never. After the last byte, `write` has
   * the same time to end. Default 30 s.
   */
  patience?: Duration
  /**
   * Keeps a copy of the present snapshot for an operator, because the next `write` will replace a snapshot that is
   * damaged, or for whose sessions there was no room.
   */
  keep? (): Promise<void>
  /**
   * Remembers durably that sessions ended after the last snapshot, so that a restore does not revive them. `write`
   * may forget those that it got before. Keep them for some minutes more when several processes may write.
   */
  forget? (keys: readonly string[]): Promise<void>
  /** The keys that `forget` got since the snapshot that `read` returns. */
  forgotten? (): Promise<ReadonlySet<string>>
  /**
   * Accepts, for a store without `forget` and `forgotten`, that a session that ended after the last snapshot comes back
   * with it, when the process dies before the next one. Default false.
   */
  mayRevive?: boolean
}

/** The part of a {@link SnapshotStore} that a restore needs. */
export type SnapshotSource = Pick<SnapshotStore, 'read'> & Partial<SnapshotStore>

/** The bytes of a snapshot as a file stream or an object store delivers them, in chunks of any size. */
export type SnapshotBytes = AsyncIterable<Uint8Array | string>
