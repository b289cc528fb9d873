import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder, within } from '@holdfast/core'
import type { Connection } from './connection.js'
import { SqliteError } from './errors.js'

/** Milliseconds until a disk that does not answer counts as one that did not confirm. */
const SYNC_WAIT = 10_000

/**
 * Waits until the disk has what was committed. A commit of SQLite in WAL mode only appends to the `-wal` file; this
 * class syncs that file, in a thread of the pool. Commits during a sync share the next one.
 */
export class Durability {
  #wal: Promise<FileHandle> | undefined
  #waiting: Array<{ resolve: () => void, reject: (error: unknown) => void }> = []
  #running: Promise<void> | undefined
  /** A sync that the disk has not answered yet. */
  #syncing: Promise<void> | undefined

  /**
   * @param enabled whether to wait at all
   * @param failed called when the disk did not confirm. What it holds is unknown then, and no further sync would tell
   * @param patience milliseconds that a disk has for one sync
   */
  constructor (
    private readonly connection: Connection,
    private readonly enabled: boolean,
    private readonly failed: (error: SqliteError) => void,
    private readonly patience = SYNC_WAIT
  ) {}

  /**
   * Resolves when everything that was committed before the call is on the disk. After a failure it rejects until all is
   * healed: when the disk has lost one write in the `-wal` file, the writes after it are lost, too, although a sync
   * confirms them.
   *
   * @throws SqliteError SQLITE_UNSYNCED, SQLITE_REPLACED
   */
  async confirm (): Promise<void> {
    if (!this.enabled) return
    if (this.connection.broken) throw new SqliteError('SQLITE_UNSYNCED')
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#running ??= this.#syncAll()
    })
  }

  /** Resolves in time, also while the disk hangs. */
  async close (): Promise<void> {
    if (this.#running !== undefined) await within(this.#running, this.patience)
    if (this.#syncing !== undefined) return
    const wal = await this.#wal?.catch(() => undefined)
    await wal?.close()
  }

  async #syncAll (): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        await this.#sync()
        for (const { resolve } of waiting) resolve()
      } catch (error) {
        // Not even a sync that succeeds after this one would say anything about what was committed before it.
        for (const { reject } of [...waiting, ...this.#waiting.splice(0)]) reject(error)
      }
    }
    this.#running = undefined
  }

  async #sync (): Promise<void> {
    const syncing = this.#syncFile().finally(() => { if (this.#syncing === syncing) this.#syncing = undefined })
    this.#syncing = syncing
    try {
      if (!await within(syncing, this.patience)) throw new SqliteError('SQLITE_UNSYNCED')
    } catch (error) {
      const failure = error instanceof SqliteError ? error : new SqliteError('SQLITE_UNSYNCED')
      this.failed(failure)
      throw failure
    }
  }

  async #syncFile (): Promise<void> {
    const handle = await this.#open()
    const [inPlace] = await Promise.all([this.connection.isInPlace(), handle.datasync()])
    if (!inPlace) throw new SqliteError('SQLITE_REPLACED')
  }

  /** A file that could not be opened is opened later. */
  async #open (): Promise<FileHandle> {
    try {
      return await (this.#wal ??= openWal(this.connection.path))
    } catch (error) {
      this.#wal = undefined
      throw error
    }
  }
}

/** SQLite has made the `-wal` file when it opened the database. A new file is on the disk once its folder is. */
async function openWal (database: string): Promise<FileHandle> {
  await syncFolder(dirname(database))
  return await open(`${database}-wal`, 'r+')
}
