import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a file of ours: neither what a symbolic link leads to, nor a pipe, which would have us wait for
 * whoever is at its other end.
 *
 * @param flags of `fs.constants`
 */
export async function openRegular (path: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new Error('expected a file')
}
