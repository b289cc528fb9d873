import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { bootId } from './clock.js'
import { SqliteError } from './errors.js'
import { hasLostCommits } from './wal-check.js'

/**
 * A file beside the database, present while processes have the database open. A process that is killed leaves it behind
 * together with the `-wal` file, which holds the last writes. The marker alone shows that the `-wal` file was deleted,
 * or the database: SQLite would open what is left without these writes, and sessions would be unknown.
 *
 * It names the run of the machine that has written all of the `-wal` file. Then that file must be whole, too.
 */
export class OpenMarker {
  readonly #file: string
  readonly #wal: string
  #written = ''

  constructor (private readonly path: string) {
    this.#file = `${path}-open`
    this.#wal = `${path}-wal`
  }

  /**
   * @returns whether this run of the machine has written all that is in the `-wal` file
   * @throws SqliteError SQLITE_DAMAGED for an empty database, or a damaged `-wal` file; SQLITE_WAL_MISSING
   */
  check (): boolean {
    const isEmpty = !this.#hasWal()
    const content = this.#content()
    if (content === undefined) return isEmpty
    const missing = statSync(this.path).size === 0 ? 'SQLITE_DAMAGED' : 'SQLITE_WAL_MISSING'
    const whole = missing === 'SQLITE_WAL_MISSING' && existsSync(this.#wal)
    // A process that closes removes the marker before the -wal file.
    if (!whole && existsSync(this.#file)) throw new SqliteError(missing)
    if (isEmpty || content === '' || content !== bootId()) return isEmpty
    if (hasLostCommits(this.#wal)) throw new SqliteError('SQLITE_DAMAGED')
    return true
  }

  /**
   * Call it when the database is open: from then on there is a `-wal` file.
   *
   * @param run whether this run of the machine has written all that is in the `-wal` file
   */
  put (run: boolean): void {
    this.#written = run ? bootId() : ''
    this.#write(this.#written)
  }

  /** Call it now and then: another process that closes removes the marker for a moment. */
  keep (): void {
    if (!existsSync(this.#file)) this.#write(this.#written)
  }

  /**
   * Closes the database, without the marker meanwhile: SQLite deletes the `-wal` file when the last process closes. The
   * marker comes back when the file stays, because other processes use it, or the disk refused to take what it holds.
   */
  without (close: () => void): void {
    let content: string | undefined
    try {
      content = this.#content()
      if (content !== undefined) this.#remove()
    } finally {
      close()
    }
    if (content !== undefined && this.#hasWal()) this.#write(content)
    // Of processes that close at the same moment, the last one comes here when the -wal file has gone.
    if (!this.#hasWal() && existsSync(this.#file)) this.#remove()
  }

  /** Takes back the marker when an orderly end of this process moved everything, and deleted the `-wal` file. */
  forgive (): void {
    if (!existsSync(this.#wal) && statSync(this.path).size > 0) this.#remove()
  }

  #hasWal (): boolean {
    return (statSync(this.#wal, { throwIfNoEntry: false })?.size ?? 0) > 0
  }

  #content (): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  #write (content: string): void {
    writeFileSync(this.#file, content, { mode: 0o600 })
  }

  #remove (): void {
    rmSync(this.#file, { force: true })
    // The loss of power must not bring the marker back after the -wal file has gone. Windows cannot sync a folder.
    if (process.platform !== 'win32') syncFolderNow(dirname(this.#file))
  }
}

function syncFolderNow (path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
