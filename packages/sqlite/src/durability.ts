import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from './connection.js'
import { SqliteError } from './errors.js'

/**
 * Waits until the disk has what was committed. A commit of SQLite in WAL mode only appends to the `-wal` file; this
 * class syncs that file, in a thread of the pool. Commits during a sync share the next one.
 */
export class Durability {
  #wal: Promise<WalFile> | undefined
  #waiting: Array<{ resolve: () => void, reject: (error: unknown) => void }> = []
  #running: Promise<void> | undefined

  /**
   * @param enabled whether to wait at all
   * @param failed called when the disk did not confirm. What it holds is unknown then, and no further sync would tell
   */
  constructor (
    private readonly connection: Connection,
    private readonly enabled: boolean,
    private readonly failed: (error: SqliteError) => void
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

  async close (): Promise<void> {
    await this.#running
    const wal = await this.#wal?.catch(() => undefined)
    await wal?.handle.close()
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
    try {
      const { handle, inodes } = await (this.#wal ??= openWal(this.connection.path))
      const [named] = await Promise.all([inodesOf(this.connection.path).catch(() => []), handle.datasync()])
      if (inodes.some((inode, i) => inode !== named[i])) throw new SqliteError('SQLITE_REPLACED')
    } catch (error) {
      const failure = error instanceof SqliteError ? error : new SqliteError('SQLITE_UNSYNCED')
      this.failed(failure)
      // A file that could not be opened is opened later.
      if (await this.#wal?.catch(() => undefined) === undefined) this.#wal = undefined
      throw failure
    }
  }
}

interface WalFile { handle: FileHandle, inodes: number[] }

/** SQLite has made the `-wal` file when it opened the database. A new file is on the disk once its folder is. */
async function openWal (database: string): Promise<WalFile> {
  const folder = await open(dirname(database), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  const inodes = await inodesOf(database)
  return { handle: await open(`${database}-wal`, 'r+'), inodes }
}

/** Which files the names of the database and of its `-wal` file stand for. */
async function inodesOf (database: string): Promise<number[]> {
  return await Promise.all([database, `${database}-wal`].map(async (path) => (await stat(path)).ino))
}
