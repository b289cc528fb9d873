import { lstatSync } from 'node:fs'
import { type Handle, findDriver } from './driver.js'
import { SqliteError } from './errors.js'
import { OpenMarker } from './open-marker.js'
import { preparePlace } from './place.js'
import { checkVersion } from './schema.js'

/** Milliseconds that a reader waits for a process that recovers the file. */
const BUSY_TIMEOUT = 5000

/**
 * Refuses a file that does not exist, or whose place is not safe. Makes nothing.
 *
 * @param path absolute
 * @throws SqliteError SQLITE_MISSING, SQLITE_PATH, SQLITE_EXPOSED, SQLITE_NETWORK
 */
export function demandFile (path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || (found.isFile() && found.size === 0)) throw new SqliteError('SQLITE_MISSING')
  preparePlace(path)
}

/**
 * Opens a database that exists, for reading only. Closing such a connection leaves the `-wal` file as it is. Any other
 * connection that closes last deletes it, and the marker of a killed process would then accuse nobody.
 *
 * @param path absolute
 * @throws as {@link demandFile}; SqliteError SQLITE_DAMAGED, SQLITE_WAL_MISSING, SQLITE_FOREIGN, SQLITE_NEWER, or an
 *   error of SQLite
 */
export function openToRead (path: string): Handle {
  demandFile(path)
  // Every connection, even one that only reads, would make an empty -wal file and so hide that it was missing.
  new OpenMarker(path).check()
  const handle = new (findDriver().DatabaseSync)(path, { readOnly: true })
  try {
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA trusted_schema = OFF`)
    if (checkVersion(handle) === 0) throw new SqliteError('SQLITE_MISSING')
    return handle
  } catch (error) {
    handle.close()
    throw error
  }
}
