import type { Readable } from 'node:stream'

/** Where a snapshot is kept: a file, see {@link file}, or any object with these two methods. */
export interface SnapshotStore {
  /**
   * Takes a whole snapshot. What was there before stays until all of it has arrived, and for good when the stream
   * fails.
   */
  write (stream: Readable): Promise<void>
  /** What was written last; nothing when there is none. */
  read (): SnapshotBytes | null | undefined | Promise<SnapshotBytes | null | undefined>
  /** Milliseconds between exports while the plugin runs. Default: it exports at close only. */
  every?: number
  /**
   * Milliseconds, at least 1, without progress after which an export or a restore fails; after the last byte that it
   * took, those in which `write` has to end. Default 30 s.
   */
  patience?: number
  /**
   * Puts a copy of what is there aside, for somebody to look into: the next `write` will replace something that is
   * damaged, or for which there was no room.
   */
  keep? (): Promise<void>
  /** Remembers sessions that ended after the last snapshot, durably, so that restoring it does not revive them. */
  forget? (keys: readonly string[]): Promise<void>
  /** What `forget` was told since the snapshot that `read` returns. */
  forgotten? (): Promise<ReadonlySet<string>>
}

/** What restoring needs of a {@link SnapshotStore}. */
export type SnapshotSource = Pick<SnapshotStore, 'read'> & Partial<SnapshotStore>

/** As a file stream or an object store delivers them, in chunks of any size. */
export type SnapshotBytes = AsyncIterable<Uint8Array | string>
