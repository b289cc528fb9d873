import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { bootId } from './clock.js'
import { SqliteError, translate } from './errors.js'
import { hasLostCommits } from './wal-check.js'

/** Milliseconds between two looks at the marker. */
const INTERVAL = 5000

/**
 * A file beside the database, present while processes have the database open. A process that is killed leaves it behind
 * together with the `-wal` file, which holds the last writes. The marker alone shows that the `-wal` file was deleted,
 * or the database: SQLite would open what is left without these writes, and sessions would be unknown.
 *
 * It names the run of the machine that has written all of the `-wal` file. Then that file must be whole, too.
 */
export class OpenMarker {
  readonly #file: string
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly path: string, private readonly interval = INTERVAL) {
    this.#file = `${path}-open`
  }

  /**
   * @returns whether this run of the machine has written all that is in the `-wal` file
   * @throws SqliteError SQLITE_DAMAGED for an empty database, or a damaged `-wal` file; SQLITE_WAL_MISSING
   */
  check (): boolean {
    const wal = `${this.path}-wal`
    const isEmpty = (statSync(wal, { throwIfNoEntry: false })?.size ?? 0) === 0
    const content = this.#content()
    if (content === undefined) return isEmpty
    const missing = statSync(this.path).size === 0 ? 'SQLITE_DAMAGED' : 'SQLITE_WAL_MISSING'
    const whole = missing === 'SQLITE_WAL_MISSING' && existsSync(wal)
    // A process that closes removes the marker before the -wal file.
    if (!whole && existsSync(this.#file)) throw new SqliteError(missing)
    if (isEmpty || content === '' || content !== bootId()) return isEmpty
    if (hasLostCommits(wal)) throw new SqliteError('SQLITE_DAMAGED')
    return true
  }

  /**
   * Call it when the database is open: from then on there is a `-wal` file.
   *
   * @param run whether this run of the machine has written all that is in the `-wal` file
   * @param report called when the marker is missing and cannot be written again
   */
  put (run: boolean, report: (error: Error) => void): void {
    const content = run ? bootId() : ''
    this.#write(content)
    // Another process that closes removes the marker, since it cannot know whether it is the last one.
    const keep = (): void => {
      try {
        if (!existsSync(this.#file)) this.#write(content)
      } catch (error) {
        report(translate(error))
      }
    }
    this.#timer = setInterval(keep, this.interval).unref()
  }

  /** Call it before the database is closed: SQLite deletes the `-wal` file when the last process closes. */
  remove (): void {
    clearInterval(this.#timer)
    if (!existsSync(this.#file)) return
    rmSync(this.#file, { force: true })
    // The loss of power must not bring the marker back after the -wal file has gone. Windows cannot sync a folder.
    if (process.platform !== 'win32') syncFolder(dirname(this.#file))
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
}

function syncFolder (path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
