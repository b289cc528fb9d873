import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SqliteError } from './errors.js'

/** Milliseconds between two looks at the marker. */
const INTERVAL = 5000

/**
 * An empty file beside the database, present while processes have the database open. A process that is killed leaves it
 * behind together with the `-wal` file, which holds the last writes. The marker alone shows that the `-wal` file was
 * deleted, or the database: SQLite would open what is left without these writes, and sessions would be unknown.
 */
export class OpenMarker {
  readonly #file: string
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly path: string) {
    this.#file = `${path}-open`
  }

  /** @throws SqliteError SQLITE_DAMAGED for an empty database, SQLITE_WAL_MISSING */
  check (): void {
    if (!existsSync(this.#file)) return
    const missing = statSync(this.path).size === 0 ? 'SQLITE_DAMAGED' : 'SQLITE_WAL_MISSING'
    const whole = missing === 'SQLITE_WAL_MISSING' && existsSync(`${this.path}-wal`)
    // A process that closes removes the marker before the -wal file.
    if (!whole && existsSync(this.#file)) throw new SqliteError(missing)
  }

  /** Call it when the database is open: from then on there is a `-wal` file. */
  put (): void {
    this.#make()
    // Another process that closes removes the marker, since it cannot know whether it is the last one.
    this.#timer = setInterval(() => { this.#make() }, INTERVAL).unref()
  }

  /** Call it before the database is closed: SQLite deletes the `-wal` file when the last process closes. */
  remove (): void {
    clearInterval(this.#timer)
    if (!existsSync(this.#file)) return
    rmSync(this.#file, { force: true })
    // The loss of power must not bring the marker back after the -wal file has gone. Windows cannot sync a folder.
    if (process.platform !== 'win32') syncFolder(dirname(this.#file))
  }

  #make (): void {
    closeSync(openSync(this.#file, 'a', 0o600))
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
