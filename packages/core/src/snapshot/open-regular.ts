import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a regular file. Refuses a symbolic link, and a pipe, whose other end could keep the process waiting.
 *
 * @param flags of `fs.constants`
 */
export async function openRegular (path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new Error('expected a file')
}
