import { link, lstat, rename } from 'node:fs/promises'
import { SqliteError } from './errors.js'

/** @throws SqliteError SQLITE_TARGET when anything has this name, a symbolic link included */
export async function demandNew (path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') throw new SqliteError('SQLITE_TARGET')
    if (error.code !== 'ENOENT') throw error
  })
  if (found !== undefined) throw new SqliteError('SQLITE_TARGET')
}

/**
 * Gives a file its final name. Replaces nothing: unlike a rename, a link fails when the name has been taken meanwhile.
 *
 * @throws SqliteError SQLITE_TARGET
 */
export async function giveName (partial: string, path: string, makeLink = link): Promise<void> {
  try {
    await makeLink(partial, path)
  } catch {
    // The name is taken, or this file system has no links.
    await demandNew(path)
    await rename(partial, path)
  }
}
