import { open } from 'node:fs/promises'

/** A new file, or a new name of a file, is durable once its folder is synced. */
export async function syncFolder (path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
