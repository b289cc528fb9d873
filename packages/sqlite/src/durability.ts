import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from './connection.js'
import { SqliteError } from './errors.js'

/**
 * Waits until the disk has what was committed. A commit of SQLite in WAL mode only appends to the `-wal` file; this
 * class syncs that file, in a thread of the pool. Whoever commits while a sync runs shares the next one.
 */
export class Durability {
  #wal: Promise<WalFile> | undefined
  #waiting: Array<{ resolve: () => void, reject: (error: unknown) => void }> = []
  #running: Promise<void> | undefined

  /**
   * @param enabled whether to wait at all
   * @param failed called when the disk did not confirm: what it holds is unknown then, and a further sync would not tell
   */
  constructor (
    private readonly connection: Connection,
    private readonly enabled: boolean,
    private readonly failed: (error: SqliteError) => void
  ) {}

  /**
   * Resolves when everything that was committed before the call is on the disk.
   *
   * @throws SqliteError SQLITE_UNSYNCED, SQLITE_REPLACED
   */
  async confirm (): Promise<void> {
    if (!this.enabled) return
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
      const wal = await (this.#wal ??= openWal(this.connection.path))
      const [named] = await Promise.all([stat(wal.path).catch(() => undefined), wal.handle.datasync()])
      if (named?.ino !== wal.inode) throw new SqliteError('SQLITE_REPLACED')
    } catch (error) {
      const failure = error instanceof SqliteError ? error : new SqliteError('SQLITE_UNSYNCED')
      this.failed(failure)
      throw failure
    }
  }
}

interface WalFile { path: string, handle: FileHandle, inode: number }

/** SQLite has made the `-wal` file when it opened the database. A new file is on the disk once its folder is. */
async function openWal (database: string): Promise<WalFile> {
  const path = `${database}-wal`
  const handle = await open(path, 'r+')
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return { path, handle, inode: (await handle.stat()).ino }
}
