import { closeSync, constants, lstatSync, mkdirSync, openSync, statSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SqliteError, translate } from './errors.js'

/** Types of file systems of Linux (statfs(2)) whose files may be in use on other machines. */
const NETWORK: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xfe534d42, // SMB2
  0xff534d42, // CIFS
  0x01021997, // 9P
  0x65735546, // FUSE
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x73757245, // Coda
  0x564c, // NCP
  0x47504653, // GPFS
  0x0bd00bd0, // Lustre
  0x7461636f, // OCFS2
  0x01161970 // GFS2
])

/**
 * Makes the folder and the file where they do not exist, and refuses a place that is not safe. Never opens a file that
 * exists: closing it would release the locks that SQLite holds on it in this process.
 *
 * @param path absolute
 * @throws SqliteError SQLITE_FOLDER, SQLITE_PATH, SQLITE_EXPOSED, SQLITE_NETWORK, or the failure of a call of the
 *   system
 */
export function preparePlace (path: string, fileSystem = fileSystemOf): void {
  try {
    const folder = dirname(path)
    makeFolder(folder)
    if (isExposed(folder)) throw new SqliteError('SQLITE_EXPOSED')
    if (NETWORK.has(fileSystem(folder))) throw new SqliteError('SQLITE_NETWORK')
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFile()) throw new SqliteError('SQLITE_PATH')
    if (found !== undefined) return
    // SQLite would make it readable for everybody.
    closeSync(openSync(path, constants.O_CREAT | constants.O_NOFOLLOW | constants.O_WRONLY, 0o600))
  } catch (error) {
    throw translate(error)
  }
}

/**
 * Not with `recursive`, with which Node 20 never ends in a folder such as `/proc`.
 *
 * @throws SqliteError SQLITE_FOLDER
 */
export function makeFolder (folder: string, make = mkdirSync): void {
  try {
    if (isFolder(folder)) return
    if (dirname(folder) !== folder) makeFolder(dirname(folder), make)
    make(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && isFolder(folder)) return
    if (code === 'ENOSPC' || code === 'EDQUOT') throw error
    throw new SqliteError('SQLITE_FOLDER')
  }
}

function isFolder (path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Other systems number their file systems in other ways. On Windows, a UNC path is a sign of a network. */
export function fileSystemOf (folder: string, platform: string = process.platform): number {
  if (platform === 'linux') return statfsSync(folder).type
  return platform === 'win32' && folder.startsWith('\\\\') ? 0x517b : 0
}

/** Windows has no such modes. */
export function isExposed (folder: string, platform: string = process.platform): boolean {
  return platform !== 'win32' && (statSync(folder).mode & 0o077) !== 0
}
